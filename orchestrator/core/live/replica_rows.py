"""Replicas as rows: what Serve says of each, what its engine and its gateway tell, and what its GPUs do."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from types import MappingProxyType
from typing import Any, NamedTuple

from orchestrator.core.by_hand import Task
from orchestrator.core.deployment import GATEWAY
from orchestrator.core.fleet import EngineView, Fleet, Replica
from orchestrator.core.live import rates
from orchestrator.core.live.course import Course, Window
from orchestrator.core.live.gpu_rows import of_replica
from orchestrator.core.live.histogram import quantile, since
from orchestrator.core.live.reading import EngineTraffic
from orchestrator.core.live.restarts import Restarts
from orchestrator.core.live.restarts import of_replica as restarts_of
from orchestrator.core.live.snapshot import GpuRow, ReplicaRow
from orchestrator.core.start_steps import PLACED, Steps

NO_HOSTS: Mapping[str, str] = MappingProxyType({})
NEVER = Restarts()
STARTS = "the engine starts"
REASONS = {"STARTING": STARTS, "UPDATING": STARTS, "RECOVERING": STARTS, "STOPPING": "finishes what it answers"}

BY_HAND: dict[str, str] = {Task.RESTARTING: "STARTING", Task.DRAINING: "STOPPING", Task.DRAINED: "DRAINED"}


class Known(NamedTuple):
    """What a replica is looked up in."""

    gpus: Mapping[str, GpuRow]  # by UUID
    course: Course
    hosts: Mapping[str, str]  # names by the addresses that Ray knows
    shares_tok_s: Mapping[str, float]  # by variant
    predicted_starts_s: Mapping[str, float]  # by variant


def replica_rows(
    fleet: Fleet, gpus: tuple[GpuRow, ...], course: Course, hosts: Mapping[str, str] = NO_HOSTS
) -> tuple[ReplicaRow, ...]:
    """Engines first; gateways have no engine to tell of."""
    known = Known({gpu.uuid: gpu for gpu in gpus}, course, hosts, _shares(fleet), _predicted_starts(fleet))
    ordered = sorted(fleet.replicas, key=lambda one: (one.deployment == GATEWAY, one.deployment, one.replica_id))
    return tuple(_row(each, known) for each in ordered)


def _row(replica: Replica, known: Known) -> ReplicaRow:
    engine, course = replica.engine, known.course
    own = [known.gpus[uuid] for uuid in engine.devices if uuid in known.gpus] if engine else []
    address = replica.node_ip or ""
    by_hand = engine.restarts_by_hand if engine else 0
    restarted = restarts_of(course.restarts.get(replica.deployment, NEVER), by_hand)
    told = {
        "replica_id": replica.replica_id,
        "deployment": replica.deployment,
        "state": _state(replica),
        "reason": _reason(replica),
        "ready": engine.ready if engine else replica.state == "RUNNING" and replica.deployment == GATEWAY,
        "started_at_s": replica.started_at_s,
        "share_tok_s": known.shares_tok_s.get(replica.deployment),
        "predicted_start_s": known.predicted_starts_s.get(replica.deployment),
        "restarts": restarted.total,
        "restart_reason": restarted.last_reason,
        "host": known.hosts.get(address, address),
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
    placed_s = _between(replica.started_at_s, engine.started_at_s)
    return {
        "memory_used_bytes": engine.memory_bytes,
        "kv_cache_usage": _finite(engine.kv_cache_usage),
        "num_requests_running": engine.num_requests_running,
        "num_requests_waiting": engine.num_requests_waiting,
        "max_num_seqs": engine.max_num_seqs,
        "load_s": _finite(engine.load_s),
        "placed_s": placed_s,
        "start_steps": _start_steps(placed_s, engine.start_steps),
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


def _state(replica: Replica) -> str:
    """One that is not ready because a person wants it so is said to be at that, not to be broken."""
    engine = replica.engine
    return replica.state if engine is None or engine.ready else BY_HAND.get(engine.task, replica.state)


def _reason(replica: Replica) -> str:
    if replica.engine is not None:
        return replica.engine.reason
    if replica.deployment == GATEWAY and replica.state == "RUNNING":
        return "listens"
    return REASONS.get(replica.state, "not seen by the gateway")


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _start_steps(placed_s: float | None, told: Steps) -> dict[str, float]:
    """From Ray Serve's start of the replica on."""
    placed = {} if placed_s is None else {PLACED: placed_s}
    return {**placed, **{step: seconds for step, seconds in told.items() if isfinite(seconds)}}


def _between(begin_s: float | None, end_s: float | None) -> float | None:
    """Not below zero, where two clocks differ."""
    taken_s = None if begin_s is None or end_s is None else _finite(end_s - begin_s)
    return None if taken_s is None else max(0.0, taken_s)


def _predicted_starts(fleet: Fleet) -> dict[str, float]:
    """Seconds, of each variant for which the plan tells them."""
    return {name: said.speed.cold_start_s for name, said in fleet.predicted if said.speed}


def _shares(fleet: Fleet) -> dict[str, float]:
    """Tokens a second that a replica of each variant is to write: its part of the target, else what was planned.

    A target is shared out by what the plan says that each can do.
    """
    planned = {name: said.speed.saturation_tok_s for name, said in fleet.predicted if said.speed}
    target = fleet.scaling.goal.tok_s if fleet.scaling else None
    ready = [each.deployment for each in fleet.engines if each.engine and each.engine.ready]
    able = sum(planned.get(name, 0.0) for name in ready)
    return {name: target * each / able for name, each in planned.items()} if target and able else planned
