"""One way to expect demand, and how far demand has outrun it: the errors that its reserve is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrator.core.scaling.reserve import Reserve, first_reserve, with_error
from orchestrator.core.scaling.sliding import Sliding, largest, with_value

MISSED_S = 7 * 86_400.0  # in which what was missed fades


class Expectation(NamedTuple):
    """What was expected of a time to come, and the spread that its error is measured by."""

    at_s: float
    replicas: float
    spread: float


class Met(NamedTuple):
    """What came in an interval, and the seconds of usual demand that it weighs."""

    now_s: float
    interval_s: float
    need: float
    weight_s: float


@dataclass(frozen=True)
class Forecast:
    """Expectations are of the most that is expected in a cold start."""

    reserve: Reserve = field(default_factory=first_reserve)
    ahead: Sliding = ()  # what was expected over the last cold start
    expectations: tuple[Expectation, ...] = ()  # whose time has not come yet
    missed: float = 0.0  # squares of what came beyond what was expected, in spreads, times seconds


def taught(forecast: Forecast, met: Met) -> Forecast:
    """With the errors of the expectations whose time has come."""
    reserve, missed, due = forecast.reserve, forecast.missed * math.exp(-met.interval_s / MISSED_S), 0
    for at_s, replicas, spread in forecast.expectations:
        if at_s > met.now_s:
            break
        due += 1
        error = (met.need - replicas) / spread
        reserve = with_error(reserve, error, met.weight_s, met.interval_s)
        if error > 0:
            missed += met.interval_s * error**2
    return Forecast(reserve, forecast.ahead, forecast.expectations[due:], missed)


def expecting(forecast: Forecast, now_s: float, replicas: float, ahead_s: float, spread: float | None) -> Forecast:
    """With what is expected in `ahead_s`; where the spread is not known yet no error will be learned of it."""
    ahead = with_value(forecast.ahead, now_s, replicas, ahead_s)
    hoped = () if spread is None else (Expectation(now_s + ahead_s, largest(ahead), spread),)
    return Forecast(forecast.reserve, ahead, (*forecast.expectations, *hoped), forecast.missed)
