"""All that a fleet's own tools watch, in one answer: who looks every second asks once, and no engine is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from prometheus_client import Counter
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from orchestrator.core.scaling.told import ScalingTold
from orchestrator.serving.gateway.engine_table import Engine, EngineTable
from orchestrator.serving.gateway.hold import Hold
from orchestrator.serving.gateway.metrics import COMPLETIONS, GatewayMetrics
from orchestrator.serving.gateway.request_log import RequestLog, columns
from orchestrator.serving.replica_status import status_data

Told = dict[str, Any]
UNREACHABLE = "does not answer the gateway"


def look(
    table: EngineTable, hold: Hold, metrics: GatewayMetrics, scaling: ScalingTold | None, requests: RequestLog
) -> Told:
    """Engines, what is held, the traffic since this gateway began, the requests that ended last, and the last decision.

    `any_ready` is as its table has it.
    """
    return {
        "any_ready": table.any_ready,
        "replicas": replicas(table),
        "held": held(hold),
        "traffic": _traffic(table, metrics),
        "requests": columns(requests.well),
        "failed_requests": columns(requests.failed),
        "decided": None if scaling is None else asdict(scaling.last),
    }


def decisions(scaling: ScalingTold | None) -> list[Told]:
    """The latest that changed the number of replicas, the oldest first: too many for each look."""
    return [] if scaling is None else [asdict(each) for each in scaling.decisions]


def replicas(table: EngineTable) -> list[Told]:
    """What each engine tells of itself, and what this gateway has asked of it."""
    return [_replica(each) for each in table.engines]


def _replica(engine: Engine) -> Told:
    """One that could not be reached may not know it of itself, as its process has just ended."""
    told = {**status_data(engine.status), "in_flight": engine.in_flight, "ready": engine.load.ready}
    return told if engine.reachable else {**told, "reason": UNREACHABLE}


def held(hold: Hold) -> Told | None:
    told = hold.told()
    return None if told is None else asdict(told)


def _traffic(table: EngineTable, metrics: GatewayMetrics) -> Told:
    """Totals; the counts of an engine are below the bounds of the gateway's own `ttft`."""
    answered = _by_code(metrics.requests)
    failed = sum(total for code, total in answered.items() if code.startswith("5"))
    return {
        "in_flight": int(next(_samples(metrics.in_flight, "")).value),
        "answered_total": answered.get("200", 0.0),
        "failed_total": failed + next(_samples(metrics.broken_streams, "_total")).value,
        "retries_total": next(_samples(metrics.retries, "_total")).value,
        "ttft": _buckets(metrics.ttft),
        "tpot": _buckets(metrics.tpot),
        "engines": {
            each.status.replica_id: {"failed_total": each.counts.failed, "ttft": each.counts.ttft.cumulative}
            for each in table.engines
        },
    }


def _buckets(metric: Collector) -> list[tuple[str, float]]:
    return [(each.labels["le"], each.value) for each in _samples(metric, "_bucket")]


def _samples(metric: Collector, suffix: str) -> Iterator[Sample]:
    (family,) = metric.collect()
    return (sample for sample in family.samples if sample.name == family.name + suffix)


def _by_code(requests: Counter) -> dict[str, float]:
    """Completions, by the status that they were answered with."""
    totals: dict[str, float] = {}
    for sample in _samples(requests, "_total"):
        if sample.labels["route"] in COMPLETIONS:
            totals[sample.labels["code"]] = totals.get(sample.labels["code"], 0.0) + sample.value
    return totals
