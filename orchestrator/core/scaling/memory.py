"""What one decision leaves for the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrator.core.scaling.levels import Levels
from orchestrator.core.scaling.need import Spans
from orchestrator.core.scaling.reserve import Reserve, first_reserve
from orchestrator.core.scaling.season import Seasons
from orchestrator.core.scaling.sliding import Sliding
from orchestrator.core.scaling.trend import Trend


class Expectation(NamedTuple):
    """What was expected of a time to come, and the spread that its error is measured by."""

    at_s: float
    replicas: float
    spread: float


@dataclass(frozen=True)
class Forecast:
    """One way to expect demand, and how wrong it has been."""

    reserve: Reserve = field(default_factory=first_reserve)
    ahead: Sliding = ()  # what was expected over the last cold start
    expectations: tuple[Expectation, ...] = ()  # whose time has not come yet
    kept: float = 0.0  # replicas that it would keep, on average


@dataclass(frozen=True)
class ScalingMemory:
    """Demand is in replicas of the pool's first variant."""

    since_s: float  # of the first look
    trend: Trend
    plain: Forecast = field(default_factory=Forecast)
    seasonal: Forecast = field(default_factory=Forecast)
    spans: Spans = ()  # of the last minute
    levels: Levels = field(default_factory=Levels)  # of need, and how long each is worth keeping
    wanted: Sliding = ()  # lately, of which the most is kept
    seasons: Seasons = field(default_factory=Seasons)
    worked_s: float = float("-inf")  # when work last came, or waited
