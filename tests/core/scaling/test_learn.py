"""What a look teaches of an expectation whose time has come."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import zip_longest

import pytest

from orchestrator.core.scaling.forecast import COVERING, MISSED_S, Expectation, Forecast, Hope, Met, taught
from orchestrator.core.scaling.learn import learned
from orchestrator.core.scaling.levels import SPARE, STEP, worth_having
from orchestrator.core.scaling.reserve import WIDTH
from orchestrator.core.scaling.sliding import largest
from orchestrator.core.scaling.times import times_of
from tests.core.scaling.pools import EVERY_S, POLICY, answers, load

HELD_S = 120.0


def test_an_error_is_what_was_needed_beyond_what_was_expected_in_spreads_of_that_time() -> None:
    memory, now_s = answers([4.0] * 60)[-1][1], 60 * EVERY_S
    plain = replace(memory.plain, expectations=(Expectation(now_s, 2.0, 0.5), Expectation(now_s + 1, 0.0, 1.0)))
    due = replace(memory, plain=plain)
    seen = load(now_s, 12.0)
    after = learned(seen, POLICY, times_of(seen, POLICY), due)
    bins = zip_longest(plain.reserve.bins, after.plain.reserve.bins, fillvalue=0.0)
    (grown,) = (place for place, pair in enumerate(bins) if len(set(pair)) > 1)
    needed = 12.0 * EVERY_S / (EVERY_S + POLICY.max_wait_s)
    assert math.expm1(WIDTH * (grown - 1)) <= (needed - 2.0) / 0.5 < math.expm1(WIDTH * grown)
    assert after.plain.expectations[0] == plain.expectations[1]


def test_only_what_came_beyond_what_was_expected_was_missed_and_that_fades() -> None:
    expected = (Expectation(10.0, 4.0, 0.5), Expectation(20.0, 4.0, 0.5), Expectation(30.0, 4.0, 0.5))
    nothing = Hope(0.0, 60.0, None)
    more = taught(Forecast(expectations=expected), Met(10.0, 10.0, 5.0, 10.0, HELD_S), nothing)
    assert (more.missed, more.expectations) == (10.0 * (1.0 / 0.5) ** 2, expected[1:])
    less = taught(more, Met(20.0, 10.0, 1.0, 10.0, HELD_S), nothing)
    assert less.missed == pytest.approx(more.missed * math.exp(-10.0 / MISSED_S))


def test_an_error_is_measured_by_whatever_is_held_that_covers_most() -> None:
    low, high = Expectation(20.0, 1.0, 1.0), Expectation(10.0, 5.0, 1.0)
    nothing = Hope(0.0, 60.0, None)
    seen = taught(Forecast(expectations=(high,)), Met(10.0, 10.0, 0.0, 10.0, HELD_S), nothing)
    assert seen.held == (high,)
    soon = taught(replace(seen, expectations=(low,)), Met(20.0, 10.0, 7.0, 10.0, HELD_S), nothing)
    assert soon.missed == pytest.approx(10.0 * (7.0 - 5.0) ** 2)
    late_s = 10.0 + HELD_S
    late = taught(
        replace(seen, expectations=(low._replace(at_s=late_s),)), Met(late_s, 10.0, 7.0, 10.0, HELD_S), nothing
    )
    assert late.missed == pytest.approx(10.0 * (7.0 - 1.0) ** 2)
    assert [each.replicas for each in late.held] == [1.0]


def test_what_is_held_is_thinned_and_goes_after_the_hold() -> None:
    forecast = Forecast(expectations=tuple(Expectation(float(at_s), 1.0, 1.0) for at_s in range(1000)))
    for at_s in range(1000):
        forecast = taught(forecast, Met(float(at_s), 1.0, 0.0, 1.0, HELD_S), Hope(0.0, 60.0, None))
    assert 1 < len(forecast.held) <= COVERING
    assert forecast.held[0].at_s > 999.0 - HELD_S


def test_a_rise_to_where_demand_was_before_is_expected_to_end_there_and_one_beyond_a_level_above() -> None:
    calm, high = [2.0] * 60, [20.0] * 30
    known = [*calm, *high, *calm]
    back, beyond = (answers([*known, *[need] * 2])[-1][1] for need in (18.0, 60.0))
    assert largest(back.plain.ahead) <= STEP * SPARE * 20.0
    most = worth_having(beyond.levels, len(known) * EVERY_S, 0.0)
    assert largest(beyond.plain.ahead) == pytest.approx(STEP * most)
