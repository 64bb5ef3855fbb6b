"""From readings to snapshots: rates over the last half minute, and what happened since the snapshot before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from orchestrator.core.live.carried import carried
from orchestrator.core.live.course import Course, course
from orchestrator.core.live.events import happened
from orchestrator.core.live.gpu_rows import gpu_rows
from orchestrator.core.live.host_rows import host_names, host_rows, placed
from orchestrator.core.live.reading import Reading
from orchestrator.core.live.replica_rows import replica_rows
from orchestrator.core.live.restarts import Restarts, restarts
from orchestrator.core.live.snapshot import Snapshot
from orchestrator.core.live.summary import summary
from orchestrator.core.live.unchanged import shared, stands_still
from orchestrator.core.scaling.goal_words import goal_text

WINDOW_S = 30.0  # long enough for a percentile, short enough to see a change
STEP_S = 5.0  # between the readings that are kept of it


@dataclass(frozen=True)
class WatchMemory:
    """The readings of the window, the snapshot that was made last, and the course that it was made of."""

    readings: tuple[Reading, ...] = ()
    last: Snapshot | None = None
    course: Course = field(default_factory=Course)


def watched(fleet: str, reading: Reading, memory: WatchMemory) -> tuple[Snapshot, WatchMemory]:
    """The snapshot after one more reading; readings come in the order of their time."""
    before = memory.readings[-1] if memory.readings else None
    reading = shared(before, carried(before, reading))
    readings = (*_kept(memory.readings, reading.at_s), reading)
    if memory.last is not None and len(readings) > 1 and stands_still(memory.readings, reading):
        still = replace(memory.last, at_s=reading.at_s, sources=reading.sources, events=())
        return still, replace(memory, readings=readings, last=still)
    run = course(readings, _restarts(before, reading, memory.course.restarts), memory.course)
    made = _snapshot(fleet, reading, run)
    if memory.last is not None:
        made = replace(made, events=happened(memory.last, made))
    return made, WatchMemory(readings, made, run)


def _kept(readings: tuple[Reading, ...], now_s: float) -> list[Reading]:
    """Those of the window, without the last where the one before it is near enough: one of many replicas is large."""
    kept = [each for each in readings if now_s - WINDOW_S <= each.at_s < now_s]
    return kept[:-1] if len(kept) > 1 and now_s - kept[-2].at_s <= STEP_S else kept


def _restarts(before: Reading | None, now: Reading, so_far: Mapping[str, Restarts]) -> Mapping[str, Restarts]:
    if before is None or before.fleet is None or now.fleet is None:
        return so_far
    return restarts(before.fleet, now.fleet, so_far)


def _snapshot(name: str, reading: Reading, run: Course) -> Snapshot:
    fleet, hosts = reading.fleet, host_rows(reading.hosts)
    if fleet is None:
        return Snapshot(reading.at_s, name, hosts=hosts, gpus=gpu_rows(reading.hosts), sources=reading.sources)
    gpus = gpu_rows(reading.hosts, placed(fleet))
    rows = replica_rows(fleet, gpus, run, host_names(reading.hosts))
    return Snapshot(
        at_s=reading.at_s,
        fleet=fleet.name,
        phase=fleet.phase.value,
        model=fleet.model,
        profile=fleet.profile,
        endpoint=fleet.endpoint,
        goal=goal_text(fleet.scaling.goal) if fleet.scaling else "",
        summary=summary(fleet, reading, run, rows, gpus),
        replicas=rows,
        hosts=hosts,
        gpus=gpus,
        conditions=fleet.conditions,
        decisions=reading.decisions,
        sources=reading.sources,
        requests=reading.traffic.requests if reading.traffic else (),
        failed_requests=reading.traffic.failed_requests if reading.traffic else (),
    )
