"""Replicas as rows: what Serve says of each, what its engine and its gateway tell, and what its GPUs do."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from orchestrator.core.deployment import GATEWAY
from orchestrator.core.fleet import EngineView, Fleet, Replica
from orchestrator.core.live import rates
from orchestrator.core.live.course import Course, Window
from orchestrator.core.live.gpu_rows import of_replica
from orchestrator.core.live.histogram import quantile, since
from orchestrator.core.live.reading import EngineTraffic
from orchestrator.core.live.restarts import Restarts
from orchestrator.core.live.snapshot import GpuRow, ReplicaRow

NEVER = Restarts()
STARTS = "the engine starts"
REASONS = {"STARTING": STARTS, "UPDATING": STARTS, "RECOVERING": STARTS, "STOPPING": "finishes what it answers"}


def replica_rows(fleet: Fleet, gpus: tuple[GpuRow, ...], course: Course) -> tuple[ReplicaRow, ...]:
    """Engines first; gateways have no engine to tell of."""
    by_uuid = {gpu.uuid: gpu for gpu in gpus}
    shares = _shares(fleet)
    ordered = sorted(fleet.replicas, key=lambda one: (one.deployment == GATEWAY, one.deployment, one.replica_id))
    return tuple(_row(each, by_uuid, course, shares.get(each.deployment)) for each in ordered)


def _row(replica: Replica, gpus: Mapping[str, GpuRow], course: Course, share_tok_s: float | None) -> ReplicaRow:
    engine = replica.engine
    own = [gpus[uuid] for uuid in engine.devices if uuid in gpus] if engine else []
    restarted = course.restarts.get(replica.deployment, NEVER)
    told = {
        "replica_id": replica.replica_id,
        "deployment": replica.deployment,
        "state": replica.state,
        "reason": _reason(replica),
        "ready": engine.ready if engine else replica.state == "RUNNING" and replica.deployment == GATEWAY,
        "started_at_s": replica.started_at_s,
        "share_tok_s": share_tok_s,
        "restarts": restarted.total,
        "restart_reason": restarted.last_reason,
        "host": replica.node_ip or "",
        **_engine(replica, course),
        **_answers(course.answers.get(replica.replica_id)),
        **of_replica(own),
    }
    return ReplicaRow(**told)


def _engine(replica: Replica, course: Course) -> dict[str, Any]:
    """What the engine tells, and how fast it is; nothing where there is none."""
    engine, window = replica.engine, course.engines.get(replica.replica_id)
    if engine is None:
        return {}
    return {
        "memory_used_bytes": engine.memory_bytes,
        "kv_cache_usage": _finite(engine.kv_cache_usage),
        "num_requests_running": engine.num_requests_running,
        "num_requests_waiting": engine.num_requests_waiting,
        "max_num_seqs": engine.max_num_seqs,
        "load_s": _finite(engine.load_s),
        "placed_s": _between(replica.started_at_s, engine.started_at_s),
        "revision": engine.revision,
        **(_pace(window) if window else {}),
    }


def _pace(window: Window[EngineView]) -> dict[str, Any]:
    then, now = window.then, window.now
    return {
        "generation_tok_s": rates.rate(then.generation_tokens_total, now.generation_tokens_total, window.seconds),
        "prompt_tok_s": rates.rate(then.prompt_tokens_total, now.prompt_tokens_total, window.seconds),
        "tpot_s": rates.tpot_s(then, now),
        "prefix_cache_hits": rates.prefix_cache_hits(then, now),
    }


def _answers(window: Window[EngineTraffic] | None) -> dict[str, Any]:
    """What the gateways counted of it; nothing where they have not known it for two readings."""
    if window is None:
        return {}
    ttft = since(window.then.ttft, window.now.ttft)
    return {
        "ttft_p50_s": quantile(ttft, 0.5),
        "ttft_p99_s": quantile(ttft, 0.99),
        "errors_per_min": rates.per_min(window.then.failed_total, window.now.failed_total, window.seconds),
    }


def _reason(replica: Replica) -> str:
    if replica.engine is not None:
        return replica.engine.reason
    if replica.deployment == GATEWAY and replica.state == "RUNNING":
        return "listens"
    return REASONS.get(replica.state, "not seen by the gateway")


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _between(begin_s: float | None, end_s: float | None) -> float | None:
    """Not below zero, where two clocks differ."""
    taken_s = None if begin_s is None or end_s is None else _finite(end_s - begin_s)
    return None if taken_s is None else max(0.0, taken_s)


def _shares(fleet: Fleet) -> dict[str, float]:
    """Tokens a second that a replica of each variant is to write: its part of the target, else what was planned.

    A target is shared out by what the plan says that each can do.
    """
    planned = {name: said.speed.saturation_tok_s for name, said in fleet.predicted if said.speed}
    target = fleet.scaling.goal.tok_s if fleet.scaling else None
    ready = [each.deployment for each in fleet.engines if each.engine and each.engine.ready]
    able = sum(planned.get(name, 0.0) for name in ready)
    return {name: target * each / able for name, each in planned.items()} if target and able else planned
