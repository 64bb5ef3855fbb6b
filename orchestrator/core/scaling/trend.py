"""Demand now, where it goes, and how far it strays: averages of different length."""

from __future__ import annotations

import math
from dataclasses import dataclass

SLOW_TIMES_FAST = 3.0
SPREAD_TIMES_FAST = 12.0
LONG_SPREAD_S = 86_400.0
USUAL_S = 2 * 86_400.0
LONG_SPREAD_SHARE, COUNTS_SHARE = 0.6, 0.2
LEAST_SHARE = 0.1  # of how the usual counts vary, below which no spread is


@dataclass(frozen=True)
class Trend:
    """Demand in replicas, averaged over a short, a longer, and a very long time; deviations from the longer one."""

    fast: float
    slow: float
    usual: float
    square: float = 0.0  # of deviations lately, on average
    long_square: float = 0.0  # of those of a day


def first_trend(demand: float) -> Trend:
    return Trend(demand, demand, demand)


def with_demand(trend: Trend, demand: float, interval_s: float, fast_s: float, watched_s: float) -> Trend:
    """After one more interval; until it has lasted its length, an average is the plain one of `watched_s`."""
    slow = trend.slow + _share(interval_s, slow_s(fast_s)) * (demand - trend.slow)
    square, plain = (demand - slow) ** 2, interval_s / (abs(watched_s) + interval_s)  # clocks go back too

    def averaged(average: float, value: float, length_s: float) -> float:
        return average + max(plain, _share(interval_s, length_s)) * (value - average)

    return Trend(
        trend.fast + _share(interval_s, fast_s) * (demand - trend.fast),
        slow,
        averaged(trend.usual, demand, USUAL_S),
        averaged(trend.square, square, SPREAD_TIMES_FAST * fast_s),
        averaged(trend.long_square, square, LONG_SPREAD_S),
    )


def slow_s(fast_s: float) -> float:
    """How long the longer average is."""
    return fast_s * SLOW_TIMES_FAST


def expected(trend: Trend, ahead_s: float, fast_s: float) -> float:
    """Demand in so many seconds: an average lags its input by its own length while that rises steadily."""
    slope_a_second = (trend.fast - trend.slow) / (slow_s(fast_s) - fast_s)
    return max(0.0, trend.fast + slope_a_second * (fast_s + ahead_s))


def spread(trend: Trend) -> float:
    """What errors of expectations are measured by: how demand varies now and in a day, and where it stands.

    Demand goes back to what is usual: below it there is more to rise than counts vary by, above it less.
    """
    usual = math.sqrt(max(trend.usual, 1.0))
    varied = math.sqrt(trend.square) + LONG_SPREAD_SHARE * math.sqrt(trend.long_square)
    return max(LEAST_SHARE * usual, varied + COUNTS_SHARE * (usual - math.sqrt(trend.fast)))


def _share(interval_s: float, length_s: float) -> float:
    """By which an exponential average of this length moves in an interval."""
    return -math.expm1(-interval_s / length_s)
