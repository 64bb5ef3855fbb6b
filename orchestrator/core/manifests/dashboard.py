"""Grafana's dashboard of a fleet, in a ConfigMap that its sidecar finds by label."""

from __future__ import annotations

import json
from typing import Any

from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.manifests.manifest import Manifest, manifest
from orchestrator.core.manifests.monitoring import FLEET
from orchestrator.core.manifests.settings import ClusterSettings

WIDTH, HEIGHT, COLUMNS = 12, 8, 2
# Each gateway tells of every engine: `max by (replica)` counts it once.
TTFT = "histogram_quantile({share}, sum by (le) (rate(qorch_time_to_first_token_seconds_bucket{fleet}[5m])))"
PANELS = (
    ("Requests", "reqps", {"{{code}}": "sum by (code) (rate(qorch_requests_total{fleet}[1m]))"}),
    ("Time to first token", "s", {"p50": TTFT.replace("{share}", "0.5"), "p99": TTFT.replace("{share}", "0.99")}),
    (
        "Generated tokens",
        "short",
        {"tok/s": "sum(max by (replica) (rate(qorch_engine_generation_tokens_total{fleet}[1m])))"},
    ),
    ("Read tokens", "short", {"tok/s": "sum(max by (replica) (rate(qorch_engine_prompt_tokens_total{fleet}[1m])))"}),
    ("Engines", "short", {"ready": "sum(max by (replica) (qorch_engine_ready{fleet}))"}),
    (
        "Requests at engines",
        "short",
        {
            "running": "sum(max by (replica) (qorch_engine_requests_running{fleet}))",
            "waiting": "sum(max by (replica) (qorch_engine_requests_waiting{fleet}))",
        },
    ),
    ("Requests that wait for an engine", "short", {"held": "sum(qorch_held_requests{fleet})"}),
    ("Streams that broke", "short", {"broken": "sum(increase(qorch_broken_streams_total{fleet}[5m]))"}),
)


def dashboard(spec: DeploymentSpec, settings: ClusterSettings) -> Manifest:
    panels = [_panel(spec, number, *panel) for number, panel in enumerate(PANELS)]
    content = {
        "title": f"qorch: {spec.fleet}",
        "uid": f"qorch-{spec.fleet}",
        "schemaVersion": 39,
        "time": {"from": "now-1h", "to": "now"},
        "panels": panels,
    }
    data = {"data": {f"qorch-{spec.fleet}.json": json.dumps(content, indent=2) + "\n"}}
    return manifest(("v1", "ConfigMap"), spec.fleet, "dashboard", settings, data, grafana_dashboard="1")


def _panel(spec: DeploymentSpec, number: int, title: str, unit: str, series: dict[str, str]) -> dict[str, Any]:
    row, column = divmod(number, COLUMNS)
    of_fleet = f'{{{FLEET}="{spec.fleet}"}}'
    return {
        "id": number + 1,
        "title": title,
        "type": "timeseries",
        "datasource": {"type": "prometheus"},
        "fieldConfig": {"defaults": {"unit": unit}},
        "gridPos": {"h": HEIGHT, "w": WIDTH, "x": column * WIDTH, "y": row * HEIGHT},
        "targets": [
            {"refId": chr(ord("A") + at), "legendFormat": name, "expr": query.replace("{fleet}", of_fleet)}
            for at, (name, query) in enumerate(series.items())
        ],
    }
