"""What is watched is what the gateway tells."""

from __future__ import annotations

import json
import re

from prometheus_client.parser import text_string_to_metric_families

from orchestrator.serving.gateway.engine_table import EngineTable
from orchestrator.serving.gateway.metrics import GatewayMetrics
from tests.manifests.rendered import Fleet, rendered

METRIC = re.compile(r"qorch_[a-z_]+(?=\{)")


def known() -> set[str]:
    """Every series of a gateway's, by the names that Prometheus keeps."""
    metrics = GatewayMetrics(EngineTable())
    names: set[str] = set()
    for family in text_string_to_metric_families(metrics.text().decode()):
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum")}.get(family.type, ("",))
        names |= {family.name + suffix for suffix in suffixes}
    return names | {"qorch_held_requests", "qorch_held_oldest_seconds"}


def watched(fleet: Fleet) -> set[str]:
    rules = [rule["expr"] for group in fleet.one("PrometheusRule")["spec"]["groups"] for rule in group["rules"]]
    (board,) = fleet.one("ConfigMap", "dashboard")["data"].values()
    queries = [target["expr"] for panel in json.loads(board)["panels"] for target in panel["targets"]]
    return set(METRIC.findall(" ".join(rules + queries)))


def test_every_series_that_is_asked_for_is_one_of_the_gateways() -> None:
    asked = watched(rendered(monitoring=True))
    assert len(asked) > 8
    assert asked <= known()


def test_each_query_is_of_this_fleet_only() -> None:
    fleet = rendered(monitoring=True)
    (board,) = fleet.one("ConfigMap", "dashboard")["data"].values()
    queries = [target["expr"] for panel in json.loads(board)["panels"] for target in panel["targets"]]
    rules = [rule["expr"] for group in fleet.one("PrometheusRule")["spec"]["groups"] for rule in group["rules"]]
    for query in queries + rules:
        assert query.count('qorch_dev_fleet="default"') == len(METRIC.findall(query))


def test_what_tells_the_fleets_apart_is_copied_from_the_pods() -> None:
    monitor = rendered(monitoring=True).one("PodMonitor")["spec"]
    assert monitor["podTargetLabels"] == ["qorch.dev/fleet"]
    assert {each["port"] for each in monitor["podMetricsEndpoints"]} == {"metrics", "serve"}


def test_without_the_operators_kinds_none_of_them_is_there() -> None:
    assert not {"PodMonitor", "PrometheusRule"} & set(rendered().kinds())
