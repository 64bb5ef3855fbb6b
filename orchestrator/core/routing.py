"""Which engine answers a request: filter those that can, then pick the one with the fewest in flight."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class EngineLoad:
    """One engine as the gateway sees it; `ready` is false once a connection to it failed."""

    replica_id: str
    variant: str  # the name of its deployment
    in_flight: int
    max_in_flight: int
    ready: bool


def pick(engines: Sequence[EngineLoad], able: Collection[str], turn: int) -> EngineLoad | None:
    """Of the `able` variants the ready engine with room that has the fewest in flight; ties go round by `turn`."""
    ready = [e for e in _ready(engines, able) if e.in_flight < e.max_in_flight]
    if not ready:
        return None
    fewest = min(engine.in_flight for engine in ready)
    least = [engine for engine in ready if engine.in_flight == fewest]
    return least[turn % len(least)]


def saturated(engines: Sequence[EngineLoad], able: Collection[str]) -> bool:
    """Whether engines of the `able` variants are ready but each has all the requests that it may hold."""
    ready = _ready(engines, able)
    return bool(ready) and all(engine.in_flight >= engine.max_in_flight for engine in ready)


def _ready(engines: Sequence[EngineLoad], able: Collection[str]) -> list[EngineLoad]:
    return [engine for engine in engines if engine.ready and engine.variant in able]
