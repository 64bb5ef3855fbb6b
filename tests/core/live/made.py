"""Fleets, readings, rows and snapshots as the tests of what is watched need them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import inf
from typing import Any

from orchestrator.core.answered import Answered
from orchestrator.core.deployment import GATEWAY
from orchestrator.core.fleet import CONTROLLER_REACHABLE, Condition, EngineView, Fleet, FleetPhase, Replica
from orchestrator.core.inventory import Gpu, NotAvailable
from orchestrator.core.live.histogram import Histogram
from orchestrator.core.live.reading import HostReading, Reading, SourceState, Traffic
from orchestrator.core.live.snapshot import ReplicaRow

VARIANT = "demo"
NOT_TOLD = NotAvailable("Not Supported")
BEGIN_S = 1_700_000_000.0
CONTROLLED = Condition(CONTROLLER_REACHABLE, True, "Answers", "the application is RUNNING")
LISTENING = Replica("g", GATEWAY, "RUNNING", 1, "10.0.0.1", BEGIN_S)


def view(generated: int = 0, prompted: int = 0, busy_s: float = 0.0, **fields: Any) -> EngineView:
    """An engine that has written and read so many tokens."""
    made = EngineView(2, 40000, True, "answers completions", 4.0, 8, 0, 1, 0, prompted, generated, busy_s)
    return replace(made, **fields)


def dead(reason: str) -> EngineView:
    return view(ready=False, reason=reason)


def replica(
    replica_id: str, engine: EngineView | None = None, state: str = "RUNNING", deployment: str = VARIANT
) -> Replica:
    return Replica(replica_id, deployment, state, 1, "10.0.0.1", BEGIN_S, engine)


def fleet(*replicas: Replica, targets: Mapping[str, int] | None = None, **fields: Any) -> Fleet:
    """As many replicas are wanted as there are, where nothing else is said."""
    wanted = {VARIANT: len(replicas), GATEWAY: 1} if targets is None else dict(targets)
    made = Fleet(
        name="mine",
        phase=FleetPhase.READY,
        model="demo",
        profile="demo-gguf",
        engine="llama.cpp",
        endpoint="http://127.0.0.1:8000/v1",
        target_num_replicas=sum(count for name, count in wanted.items() if name != GATEWAY),
        replicas=(*replicas, LISTENING),
        conditions=(CONTROLLED,),
        targets=wanted,
    )
    return replace(made, **fields)


def reading(after_s: float, seen: Fleet | None = None, traffic: Traffic | None = None, **fields: Any) -> Reading:
    """So many seconds after the first."""
    return Reading(BEGIN_S + after_s, seen, traffic, **fields)


def silent(*names: str) -> tuple[SourceState, ...]:
    return tuple(SourceState(name, BEGIN_S, "does not answer") for name in names)


def histogram(*counts: float, bounds: Iterable[float] = (0.1, 1.0, inf)) -> Histogram:
    return Histogram(tuple(bounds), counts)


def gpu(index: int = 0, uuid: str = "GPU-0", **fields: Any) -> Gpu:
    """One whose driver tells nothing but what `fields` say."""
    untold = dict.fromkeys(
        ("pci_bus_id", "memory_total_bytes", "memory_used_bytes", "memory_free_bytes", "compute_capability",
         "utilization_percent", "temperature_c", "power_w", "power_limit_w", "ecc_enabled", "mig_enabled"),
        NOT_TOLD,
    )  # fmt: skip
    return Gpu(**{"index": index, "name": "NVIDIA A100", "uuid": uuid, **untold, **fields})


def on_host(*gpus: Gpu, host: str = "node1", **fields: Any) -> tuple[HostReading, ...]:
    return (HostReading(host, gpus, **fields),)


def answered(replica_id: str = "a", **fields: Any) -> Answered:
    """A request that was answered well, 100 s after the first reading."""
    made = Answered(BEGIN_S + 100, "id1", replica_id, 200, "ok", 0.0, 2.5, 0.2, 0.02, 1200, 116, 1)
    return replace(made, **fields)


def row(replica_id: str = "a", **fields: Any) -> ReplicaRow:
    """A replica that is ready."""
    return replace(
        ReplicaRow(replica_id, VARIANT, "RUNNING", "answers completions", True, num_requests_running=0), **fields
    )
