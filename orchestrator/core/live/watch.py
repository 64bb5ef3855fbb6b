"""From readings to snapshots: rates over the last half minute, and what happened since the snapshot before."""

from __future__ import annotations

from dataclasses import dataclass, replace

from orchestrator.core.live.carried import carried
from orchestrator.core.live.events import happened
from orchestrator.core.live.gpu_rows import gpu_rows
from orchestrator.core.live.rates import engines, window
from orchestrator.core.live.reading import Reading
from orchestrator.core.live.replica_rows import Before, replica_rows
from orchestrator.core.live.snapshot import Snapshot
from orchestrator.core.live.summary import summary
from orchestrator.core.scaling.goal_words import goal_text

WINDOW_S = 30.0  # long enough for a percentile, short enough to see a change


@dataclass(frozen=True)
class WatchMemory:
    """The readings of the window, and the snapshot that was made last."""

    readings: tuple[Reading, ...] = ()
    last: Snapshot | None = None


def watched(fleet: str, reading: Reading, memory: WatchMemory) -> tuple[Snapshot, WatchMemory]:
    """The snapshot after one more reading; readings come in the order of their time."""
    reading = carried(memory.readings[-1] if memory.readings else None, reading)
    begin_s = reading.at_s - WINDOW_S
    readings = (*(each for each in memory.readings if begin_s <= each.at_s < reading.at_s), reading)
    made = _snapshot(fleet, readings)
    if memory.last is not None:
        made = replace(made, events=happened(memory.last, made))
    return made, WatchMemory(readings, made)


def _snapshot(name: str, readings: tuple[Reading, ...]) -> Snapshot:
    reading = readings[-1]
    fleet, gpus = reading.fleet, gpu_rows(reading.hosts)
    if fleet is None:
        return Snapshot(reading.at_s, name, gpus=gpus, sources=reading.sources)
    first, seconds = window(readings)
    rows = replica_rows(fleet, gpus, Before(engines(first.fleet), seconds))
    return Snapshot(
        at_s=reading.at_s,
        fleet=fleet.name,
        phase=fleet.phase.value,
        model=fleet.model,
        profile=fleet.profile,
        endpoint=fleet.endpoint,
        goal=goal_text(fleet.scaling.goal) if fleet.scaling else "",
        summary=summary(fleet, readings, rows, gpus),
        replicas=rows,
        gpus=gpus,
        conditions=fleet.conditions,
        decisions=reading.decisions,
        sources=reading.sources,
    )
