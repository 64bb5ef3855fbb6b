"""What happened between two snapshots of a fleet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from orchestrator.core.by_hand import BY_HAND
from orchestrator.core.live.event import Event, Severity
from orchestrator.core.live.replica_state import ReplicaState, state_of
from orchestrator.core.live.snapshot import GpuRow, ReplicaRow, Snapshot

FLEET = "fleet"
SEVERITIES = {ReplicaState.FAILED: Severity.ERROR, ReplicaState.UNKNOWN: Severity.WARNING}  # others are no trouble


def happened(before: Snapshot, now: Snapshot) -> tuple[Event, ...]:
    """In the order: the fleet, its replicas, its GPUs, its sources."""
    told = chain.from_iterable(each(before, now) for each in (_phase, _replicas, _gpus, _held, _sources))
    return tuple(Event(now.at_s, *each) for each in told)


Told = tuple[Severity, str, str]


def _phase(before: Snapshot, now: Snapshot) -> Iterator[Told]:
    if before.phase != now.phase and before.phase and now.phase:
        well = now.phase in ("Ready", "Idle")
        yield Severity.INFO if well else Severity.WARNING, FLEET, f"{before.phase} → {now.phase}"
    if before.summary.target_num_replicas != now.summary.target_num_replicas and before.phase:
        old, new = before.summary.target_num_replicas, now.summary.target_num_replicas
        yield Severity.INFO, FLEET, f"replicas wanted: {old} → {new}"


def _replicas(before: Snapshot, now: Snapshot) -> Iterator[Told]:
    old, new = _by_id(before.replicas), _by_id(now.replicas)
    for replica_id, row in new.items():
        if replica_id not in old:
            yield from [(Severity.INFO, replica_id, f"new, {state_of(row)}")] if before.phase else []
        else:
            yield from _changes(old[replica_id], row)
    for replica_id in sorted(old.keys() - new.keys()):
        was = state_of(old[replica_id])
        yield Severity.INFO if was is ReplicaState.DRAINING else Severity.WARNING, replica_id, f"gone, was {was}"


def _changes(old: ReplicaRow, new: ReplicaRow) -> Iterator[Told]:
    before, now = state_of(old), state_of(new)
    by_hand = BY_HAND in (new.reason[: len(BY_HAND)], old.reason[: len(BY_HAND)])
    if before is not now:
        why = f": {new.reason}" if now in SEVERITIES or by_hand else ""
        begins = before is ReplicaState.STARTING and now is ReplicaState.UNKNOWN  # until the gateway looks again
        yield Severity.INFO if begins else SEVERITIES.get(now, Severity.INFO), new.replica_id, f"{before} → {now}{why}"
    elif by_hand and new.reason != old.reason:
        yield Severity.INFO, new.replica_id, new.reason
    if new.throttled and new.throttled != old.throttled:
        yield Severity.WARNING, new.replica_id, f"clocks held down: {new.throttled}"
    elif old.throttled and not new.throttled:
        yield Severity.INFO, new.replica_id, "clocks no longer held down"


def _gpus(before: Snapshot, now: Snapshot) -> Iterator[Told]:
    old = {gpu.uuid: gpu for gpu in before.gpus}
    for gpu in now.gpus:
        if gpu.error and gpu.error != old.get(gpu.uuid, gpu).error:
            yield Severity.ERROR, _gpu_name(gpu), gpu.error


def _held(before: Snapshot, now: Snapshot) -> Iterator[Told]:
    old, new = before.summary.num_requests_held, now.summary.num_requests_held
    if bool(old) != bool(new):
        yield Severity.WARNING if new else Severity.INFO, FLEET, f"{new} requests held" if new else "no request held"


def _sources(before: Snapshot, now: Snapshot) -> Iterator[Told]:
    old = {source.name: source.error for source in before.sources}
    for source in now.sources:
        if source.name in old and bool(old[source.name]) != bool(source.error):
            yield (Severity.WARNING if source.error else Severity.INFO), source.name, source.error or "answers again"


def _by_id(rows: Iterable[ReplicaRow]) -> dict[str, ReplicaRow]:
    return {row.replica_id: row for row in rows}


def _gpu_name(gpu: GpuRow) -> str:
    return f"{gpu.host} GPU {gpu.index}"
