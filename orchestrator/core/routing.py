"""Which engine answers a request: filter those that can, then pick the one with the fewest in flight."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class EngineLoad:
    """One engine as the gateway sees it; `ready` is false once a connection to it failed."""

    replica_id: str
    in_flight: int
    max_in_flight: int
    ready: bool


def pick(engines: Sequence[EngineLoad], tried: Collection[str], turn: int) -> EngineLoad | None:
    """The ready engine with the fewest requests in flight that was not tried; ties go round by `turn`."""
    able = [e for e in engines if e.ready and e.replica_id not in tried and e.in_flight < e.max_in_flight]
    if not able:
        return None
    fewest = min(engine.in_flight for engine in able)
    least = [engine for engine in able if engine.in_flight == fewest]
    return least[turn % len(least)]


def saturated(engines: Sequence[EngineLoad]) -> bool:
    """Whether engines are ready but each has all the requests that it may hold."""
    ready = [engine for engine in engines if engine.ready]
    return bool(ready) and all(engine.in_flight >= engine.max_in_flight for engine in ready)
