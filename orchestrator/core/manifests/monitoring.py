"""What Prometheus reads of a fleet and what it wakes people for (kinds of the Prometheus operator)."""

from __future__ import annotations

from typing import Any

from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.manifests.manifest import Manifest, manifest
from orchestrator.core.manifests.naming import FLEET_LABEL, pods_of
from orchestrator.core.manifests.settings import ClusterSettings

POD_MONITOR = ("monitoring.coreos.com/v1", "PodMonitor")
PROMETHEUS_RULE = ("monitoring.coreos.com/v1", "PrometheusRule")
SCRAPE_PERIOD = "15s"
FLEET = FLEET_LABEL.replace(".", "_").replace("/", "_")  # as Prometheus writes a label of Kubernetes


def pod_monitor(spec: DeploymentSpec, settings: ClusterSettings) -> Manifest:
    """Ray's metrics of every pod, and the gateways' own; a pod without the port has none."""
    content = {
        "selector": pods_of(spec.fleet),
        "podTargetLabels": [FLEET_LABEL],
        "podMetricsEndpoints": [
            {"port": port, "path": "/metrics", "interval": SCRAPE_PERIOD} for port in ("metrics", "serve")
        ],
    }
    return manifest(POD_MONITOR, spec.fleet, "", settings, {"spec": content})


def prometheus_rule(spec: DeploymentSpec, settings: ClusterSettings) -> Manifest:
    """What clients feel, rather than what might be its cause."""
    of_fleet = f'{{{FLEET}="{spec.fleet}"}}'
    failed = f'{{{FLEET}="{spec.fleet}",code=~"5.."}}'
    rules = [
        _alert("QorchNoGateway", f"absent(qorch_requests_in_flight{of_fleet})", "5m", "No gateway answers."),
        _alert(
            "QorchRequestsFail",
            f"sum(rate(qorch_requests_total{failed}[5m])) / sum(rate(qorch_requests_total{of_fleet}[5m])) > 0.01",
            "5m",
            "More than 1 % of requests fail.",
        ),
        _alert(
            "QorchRequestsWait",
            f"max(qorch_held_oldest_seconds{of_fleet}) > 60",
            "2m",
            "Requests wait for an engine for longer than a minute.",
        ),
        _alert(
            "QorchStreamsBreak",
            f"sum(increase(qorch_broken_streams_total{of_fleet}[10m])) > 0",
            "0m",
            "Streams ended with an error: their engines were lost.",
        ),
    ]
    content = {"groups": [{"name": f"qorch.{spec.fleet}", "rules": rules}]}
    return manifest(PROMETHEUS_RULE, spec.fleet, "", settings, {"spec": content})


def _alert(name: str, expression: str, for_: str, summary: str) -> dict[str, Any]:
    return {
        "alert": name,
        "expr": expression,
        "for": for_,
        "labels": {"severity": "warning"},
        "annotations": {"summary": summary},
    }
