"""One way to expect demand, and how far demand has outrun it: the errors that its reserve is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrator.core.scaling.reserve import Reserve, first_reserve, with_error
from orchestrator.core.scaling.sliding import Sliding, largest, with_value

MISSED_S = 7 * 86_400.0  # in which what was missed fades
COVERING = 12  # such expectations, at most, that are kept to measure errors by


class Expectation(NamedTuple):
    """What was expected of a time to come, and the spread that its error is measured by."""

    at_s: float
    replicas: float
    spread: float


class Met(NamedTuple):
    """What came in an interval, the seconds of usual demand that it weighs, and for how long replicas still cover."""

    now_s: float
    interval_s: float
    need: float
    weight_s: float
    held_s: float


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
    held: tuple[Expectation, ...] = ()  # whose time has come, and whose replicas are held yet
    missed: float = 0.0  # squares of what came beyond what was expected, in spreads, times seconds


def taught(forecast: Forecast, met: Met, hope: Hope) -> Forecast:
    """With the errors of the expectations whose time has come, and with what is expected now."""
    expectations, reserve, held, due = forecast.expectations, forecast.reserve, _still_held(forecast.held, met), 0
    missed = forecast.missed * math.exp(-met.interval_s / MISSED_S)
    for expectation in expectations:
        at_s, replicas, spread = expectation
        if at_s > met.now_s:
            break
        due += 1
        error = (met.need - replicas) / spread
        if error > 0:
            error = _uncovered(error, met.need, held)
            missed += met.interval_s * max(0.0, error) ** 2
        reserve = with_error(reserve, error, met.weight_s, met.interval_s)
        if not held or at_s - held[-1].at_s >= met.held_s / COVERING:
            held = (*held, expectation)
    ahead = with_value(forecast.ahead, met.now_s, hope.replicas, hope.ahead_s)
    new = () if hope.spread is None else (Expectation(met.now_s + hope.ahead_s, largest(ahead), hope.spread),)
    return Forecast(reserve, ahead, (*expectations[due:], *new), held, missed)


def _uncovered(error: float, need: float, held: tuple[Expectation, ...]) -> float:
    """Spreads beyond what was expected that would have been enough: of all whose replicas are there, the fewest."""
    for _, replicas, spread in held:
        if (need - replicas) / spread < error:
            error = (need - replicas) / spread
            if error <= 0:
                break
    return error


def _still_held(held: tuple[Expectation, ...], met: Met) -> tuple[Expectation, ...]:
    """Without those whose replicas may have gone."""
    since_s, gone = met.now_s - met.held_s, 0
    while gone < len(held) and held[gone].at_s <= since_s:
        gone += 1
    return held[gone:] if gone else held
