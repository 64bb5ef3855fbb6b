"""Replicas as rows: what Serve says of each, what its engine tells, and what its GPUs do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.deployment import GATEWAY
from orchestrator.core.fleet import EngineView, Fleet, Replica
from orchestrator.core.live import rates
from orchestrator.core.live.gpu_rows import of_replica
from orchestrator.core.live.snapshot import GpuRow, ReplicaRow


@dataclass(frozen=True)
class Before:
    """The engines as they were when the window began, so many seconds ago."""

    engines: Mapping[str, EngineView]
    seconds: float


def replica_rows(fleet: Fleet, gpus: tuple[GpuRow, ...], before: Before) -> tuple[ReplicaRow, ...]:
    """Engines first; gateways have no engine to tell of."""
    by_uuid = {gpu.uuid: gpu for gpu in gpus}
    shares = _shares(fleet)
    ordered = sorted(fleet.replicas, key=lambda one: (one.deployment == GATEWAY, one.deployment, one.replica_id))
    return tuple(_row(each, by_uuid, before, shares.get(each.deployment)) for each in ordered)


def _row(replica: Replica, gpus: Mapping[str, GpuRow], before: Before, share_tok_s: float | None) -> ReplicaRow:
    engine = replica.engine
    own = [gpus[uuid] for uuid in engine.devices if uuid in gpus] if engine else []
    told = {"host": replica.node_ip or "", **_told(replica, before), **of_replica(own)}
    return ReplicaRow(
        replica_id=replica.replica_id,
        deployment=replica.deployment,
        state=replica.state,
        reason=_reason(replica),
        ready=engine.ready if engine else replica.state == "RUNNING" and replica.deployment == GATEWAY,
        started_at_s=replica.started_at_s,
        share_tok_s=share_tok_s,
        **told,
    )


def _told(replica: Replica, before: Before) -> dict[str, Any]:
    """What the engine tells, and how fast it is; nothing where there is none."""
    engine, then = replica.engine, before.engines.get(replica.replica_id)
    if engine is None:
        return {}
    return {
        "memory_used_bytes": engine.memory_bytes,
        "kv_cache_usage": engine.kv_cache_usage,
        "num_requests_running": engine.num_requests_running,
        "num_requests_waiting": engine.num_requests_waiting,
        "max_num_seqs": engine.max_num_seqs,
        "generation_tok_s": rates.generation_tok_s(then, engine, before.seconds),
        "prompt_tok_s": rates.prompt_tok_s(then, engine, before.seconds),
        "tpot_s": rates.tpot_s(then, engine),
        "load_s": engine.load_s,
    }


def _reason(replica: Replica) -> str:
    if replica.engine is not None:
        return replica.engine.reason
    return "listens" if replica.deployment == GATEWAY else "not seen by the gateway"


def _shares(fleet: Fleet) -> dict[str, float]:
    """Tokens a second that a replica of each variant is to write: its part of the target, else what was planned.

    A target is shared out by what the plan says that each can do.
    """
    planned = {name: said.speed.saturation_tok_s for name, said in fleet.predicted if said.speed}
    target = fleet.scaling.goal.tok_s if fleet.scaling else None
    ready = [each.deployment for each in fleet.engines if each.engine and each.engine.ready]
    able = sum(planned.get(name, 0.0) for name in ready)
    return {name: target * each / able for name, each in planned.items()} if target and able else planned
