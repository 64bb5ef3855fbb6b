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


class Hope(NamedTuple):
    """What is expected in so many seconds; where the spread is not known yet no error will be learned of it."""

    replicas: float
    ahead_s: float
    spread: float | None


@dataclass(frozen=True)
class Forecast:
    """Expectations are of the most that is expected in a cold start."""

    reserve: Reserve = field(default_factory=first_reserve)
    ahead: Sliding = ()  # what was expected over the last cold start
    expectations: tuple[Expectation, ...] = ()  # whose time has not come yet
    missed: float = 0.0  # squares of what came beyond what was expected, in spreads, times seconds


def taught(forecast: Forecast, met: Met, hope: Hope) -> Forecast:
    """With the errors of the expectations whose time has come, and with what is expected now."""
    expectations, reserve, due = forecast.expectations, forecast.reserve, 0
    missed = forecast.missed * math.exp(-met.interval_s / MISSED_S)
    for at_s, replicas, spread in expectations:
        if at_s > met.now_s:
            break
        due += 1
        error = (met.need - replicas) / spread
        reserve = with_error(reserve, error, met.weight_s, met.interval_s)
        if error > 0:
            missed += met.interval_s * error**2
    ahead = with_value(forecast.ahead, met.now_s, hope.replicas, hope.ahead_s)
    new = () if hope.spread is None else (Expectation(met.now_s + hope.ahead_s, largest(ahead), hope.spread),)
    return Forecast(reserve, ahead, (*expectations[due:], *new), missed)
