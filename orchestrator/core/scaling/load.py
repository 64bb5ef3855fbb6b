"""What a scaling decision looks at. Work has one unit for a whole pool: tokens, or seconds of one replica."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class VariantLoad:
    """The equal replicas of one variant."""

    name: str
    ready: int  # that take requests
    starting: int  # asked for, and not ready yet
    capacity: float  # work a second that one replica does within the goals
    cold_start_s: float  # from being asked for to being ready
    cost: float = 1.0  # of one replica for an hour, in any unit that the budget has too
    min_replicas: int = 0
    max_replicas: int = 1
    late: bool = False  # some that start seem never to get ready, so that any other variant is had first

    @property
    def replicas(self) -> int:
        """Those that are paid for."""
        return self.ready + self.starting


@dataclass(frozen=True)
class Load:
    """One look at a pool, whose variants serve the same model."""

    now_s: float
    interval_s: float  # since the look before
    arrived: float | None  # work that came in this interval, served or waiting; None where metrics are missing
    waiting: float  # work that no replica has begun
    variants: tuple[VariantLoad, ...]
    unfinished: float = 0.0  # requests that came in earlier intervals, and are being served
    least: float = 0.0  # work a second that shall be possible whatever comes
    clock_s: float | None = None  # Unix time, by which days and weeks are told; without it there is no season
