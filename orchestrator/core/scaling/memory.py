"""What one decision leaves for the next."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.core.scaling.reserve import Reserve, first_reserve
from orchestrator.core.scaling.sliding import Sliding, Timed
from orchestrator.core.scaling.trend import Trend


@dataclass(frozen=True)
class ScalingMemory:
    """Demand is in replicas of the pool's first variant."""

    since_s: float  # of the first look
    trend: Trend
    reserve: Reserve = field(default_factory=first_reserve)
    expectations: tuple[Timed, ...] = ()  # whose time has not come yet
    peaks: Sliding = ()  # of the demand over a cold start
    wanted: Sliding = ()  # lately, of which the most is kept
    worked_s: float = float("-inf")  # when work last came, or waited
