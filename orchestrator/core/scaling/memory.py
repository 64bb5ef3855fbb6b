"""What one decision leaves for the next."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.core.scaling.forecast import Forecast
from orchestrator.core.scaling.levels import Levels
from orchestrator.core.scaling.need import Spans
from orchestrator.core.scaling.season import Season
from orchestrator.core.scaling.sliding import Sliding
from orchestrator.core.scaling.trend import Trend


@dataclass(frozen=True)
class ScalingMemory:
    """Demand is in replicas of the pool's first variant, which do `unit` work a second, or nearly so."""

    since_s: float  # of the first look
    unit: float
    trend: Trend
    plain: Forecast = field(default_factory=Forecast)  # by the trend alone
    seasonal: Forecast = field(default_factory=Forecast)  # by the season too, once a day has been watched
    season: Season = field(default_factory=Season)
    spans: Spans = ()  # of the last minute
    levels: Levels = field(default_factory=Levels)  # of need, and how long each is worth keeping
    wanted: Sliding = ()  # lately, of which the most is kept
    worked_s: float = float("-inf")  # when work last came, or waited
    forgone: float = 0.0  # what a cheaper mix would have saved by now, an hour times seconds


def with_wanted(memory: ScalingMemory, wanted: Sliding) -> ScalingMemory:
    """What `dataclasses.replace` makes, in half the time: it is made at each look."""
    return ScalingMemory(
        memory.since_s, memory.unit, memory.trend, memory.plain, memory.seasonal, memory.season, memory.spans,
        memory.levels, wanted, memory.worked_s, memory.forgone,
    )  # fmt: skip
