"""Demand now and where it goes: two averages of different length, whose difference is the slope (double smoothing)."""

from __future__ import annotations

import math
from dataclasses import dataclass

SLOW_TIMES_FAST = 4
USUAL_S = 2 * 86_400.0


@dataclass(frozen=True)
class Trend:
    """Demand in replicas, averaged over a short, a longer, and a very long time."""

    fast: float
    slow: float
    usual: float


def first_trend(demand: float) -> Trend:
    return Trend(demand, demand, demand)


def with_demand(trend: Trend, demand: float, interval_s: float, fast_s: float, watched_s: float) -> Trend:
    """After one more interval; what is usual is a plain average of what was `watched_s` long, as far as it goes."""
    share = max(-math.expm1(-interval_s / USUAL_S), interval_s / (watched_s + interval_s))
    return Trend(
        _moved(trend.fast, demand, interval_s / fast_s),
        _moved(trend.slow, demand, interval_s / slow_s(fast_s)),
        trend.usual + share * (demand - trend.usual),
    )


def slow_s(fast_s: float) -> float:
    """How long the longer average is."""
    return fast_s * SLOW_TIMES_FAST


def expected(trend: Trend, ahead_s: float, fast_s: float) -> float:
    """Demand in so many seconds: an average lags its input by its own length while that rises steadily."""
    slope_a_second = (trend.fast - trend.slow) / (fast_s * (SLOW_TIMES_FAST - 1))
    return max(0.0, trend.fast + slope_a_second * (fast_s + ahead_s))


def _moved(average: float, value: float, lengths: float) -> float:
    """An exponential average after an interval of so many of its lengths."""
    return average - math.expm1(-lengths) * (value - average)
