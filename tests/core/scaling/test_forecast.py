"""The parts of a forecast: where demand goes, how far it strays, and how far it has been known to outrun that."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.scaling.need import WINDOW_S, Span, Spans, needed, with_span
from orchestrator.core.scaling.reserve import (
    BINS,
    GRACE_S,
    GRACE_SHARE,
    MARGIN,
    PRIOR,
    UNSEEN_S,
    WIDTH,
    _bin,
    first_reserve,
    reserved,
    with_error,
)
from orchestrator.core.scaling.trend import Trend, expected, first_trend, spread, with_demand

FAST_S, EVERY_S = 30.0, 1.0


def after(demands: list[float]) -> Trend:
    trend = first_trend(demands[0])
    for second, demand in enumerate(demands[1:]):
        trend = with_demand(trend, demand, EVERY_S, FAST_S, float(second))
    return trend


@given(st.floats(0, 50), st.floats(0, 0.1), st.floats(0, 300))
def test_a_steady_rise_is_expected_to_go_on(start: float, rise_a_second: float, ahead_s: float) -> None:
    trend = after([start + rise_a_second * second for second in range(1500)])
    assert expected(trend, ahead_s, FAST_S) == pytest.approx(
        max(0.0, start + rise_a_second * (1499 + ahead_s)), rel=0.02, abs=0.05
    )


def test_the_spread_follows_how_demand_varies_and_comes_down_again() -> None:
    calm, wild = [9.0] * 3600, [6.0, 12.0] * 600
    assert spread(after(calm)) == pytest.approx(0.1 * 3)
    assert spread(after([*calm, *wild])) > 3
    assert spread(after([*calm, *wild])) > 1.5 * spread(after([*calm, *wild, *calm]))


@given(st.floats(0, 100), st.floats(0, 100), st.floats(0, 100))
def test_demand_that_is_low_for_its_time_has_more_to_rise_than_demand_that_is_high(
    usual: float, one: float, other: float
) -> None:
    low, high = (spread(Trend(fast, fast, usual, 1.0)) for fast in sorted((one, other)))
    assert low >= high >= 0.1 * math.sqrt(max(usual, 1.0))
    assert spread(Trend(4.0, 4.0, 9.0, 1.0)) == pytest.approx(1.2)
    assert spread(Trend(16.0, 16.0, 9.0, 1.0)) == pytest.approx(0.8)


@given(st.lists(st.floats(-3, 15), min_size=1, max_size=60), st.floats(0.001, 0.2))
def test_the_reserve_leaves_no_larger_share_of_errors_uncovered_than_is_allowed(
    errors: list[float], allowed: float
) -> None:
    reserve = first_reserve()
    for error in errors:
        reserve = with_error(reserve, error, 100.0, EVERY_S)
    above = sum(100.0 for error in errors if error > reserved(reserve, allowed))
    assert above <= allowed * (100.0 * len(errors) + UNSEEN_S) + GRACE_S + 1e-6


@given(st.lists(st.tuples(st.floats(-5, 20), st.floats(0, 500)), max_size=60), st.floats(0, 1))
def test_the_reserve_is_the_upper_end_of_the_bin_in_which_what_is_allowed_is_used_up(
    errors: list[tuple[float, float]], allowed: float
) -> None:
    reserve = first_reserve()
    for error, weight_s in errors:
        reserve = with_error(reserve, error, weight_s, EVERY_S)
    found = reserved(reserve, allowed)
    uncovered = MARGIN * allowed * reserve.total + min(GRACE_S * reserve.growth, GRACE_SHARE * reserve.total)
    beyond = [sum(reserve.bins[index:]) for index in range(BINS)]
    index = max((index for index in range(BINS) if beyond[index] > uncovered * (1 + 1e-9)), default=-1)
    assert found == pytest.approx(math.expm1(WIDTH * max(0, index))) or uncovered in beyond


@given(st.lists(st.floats(-5, 20), max_size=60))
def test_no_more_bins_are_kept_than_the_worst_error_needs(errors: list[float]) -> None:
    reserve = first_reserve()
    for error in errors:
        reserve = with_error(reserve, error, 1.0, EVERY_S)
    assert len(reserve.bins) == 1 + max(map(_bin, [PRIOR, *errors]))
    assert reserve.bins[-1] > 0


def test_a_burst_is_worth_a_reserve_once_bursts_are_more_than_one_and_at_once_where_little_else_was_seen() -> None:
    calm = with_error(first_reserve(), 0.0, 86_400.0, EVERY_S)
    share_s = MARGIN * 0.001 * 86_400.0
    one = with_error(calm, 12.0, GRACE_S, EVERY_S)
    assert reserved(one, 0.001) == pytest.approx(PRIOR, rel=0.05)
    assert 12.0 <= reserved(with_error(one, 12.0, share_s + 10.0, EVERY_S), 0.001) < 12.5
    assert 12.0 <= reserved(with_error(first_reserve(), 12.0, GRACE_S, EVERY_S), 0.001) < 12.5


def test_calm_lowers_the_reserve_again() -> None:
    reserve = first_reserve()
    for _ in range(60):
        reserve = with_error(reserve, 12.0, EVERY_S, EVERY_S)
    assert 12.0 <= reserved(reserve, 0.001) < 12.5
    for _ in range(20 * 3600):
        reserve = with_error(reserve, 0.0, EVERY_S, EVERY_S)
    assert reserved(reserve, 0.001 / MARGIN) > reserved(reserve, 0.05)


def test_errors_of_a_year_ago_weigh_nothing_and_the_numbers_stay_small() -> None:
    reserve = with_error(first_reserve(), 12.0, 86_400.0, EVERY_S)
    for _ in range(400):
        reserve = with_error(reserve, 0.0, 86_400.0, 86_400.0)
    assert reserved(reserve, 0.001) <= 0.11
    assert reserve.total == pytest.approx(sum(reserve.bins))
    assert reserve.total < 1e16


@given(st.floats(1, 20))
def test_errors_weigh_what_they_are_said_to(weight_s: float) -> None:
    once = with_error(first_reserve(), 5.0, weight_s, EVERY_S)
    assert sum(once.bins) - sum(first_reserve().bins) == pytest.approx(weight_s, rel=0.01, abs=0.01)


def spans_of(demands: list[float]) -> Spans:
    spans: Spans = ()
    for look, demand in enumerate(demands):
        spans = with_span(spans, Span(look * 10.0, 10.0, demand * 10.0))
    return spans


def test_a_short_burst_needs_less_than_its_height_as_some_of_it_may_wait() -> None:
    assert needed(spans_of([2.0] * 9 + [12.0]), 2.0) == pytest.approx(12.0 * 10 / 12)
    assert needed(spans_of([6.0] * 20), 2.0) == pytest.approx(6.0 * 60 / 62)
    assert needed(spans_of([50.0] + [6.0] * 20), 2.0) == pytest.approx(6.0 * 60 / 62)


def test_a_clock_that_went_back_leaves_nothing_of_later() -> None:
    assert with_span(spans_of([50.0] * 6), Span(15.0, 10.0, 10.0)) == (
        *spans_of([50.0] * 2),
        Span(15.0, 10.0, 10.0),
    )


@given(st.lists(st.tuples(st.floats(0, 200), st.floats(0.1, 20), st.floats(0, 90)), max_size=40), st.floats(0.1, 30))
def test_need_is_the_largest_of_all_spans_up_to_now_within_a_minute_whatever_the_clock_did(
    looks: list[tuple[float, float, float]], max_wait_s: float
) -> None:
    spans: Spans = ()
    for end_s, length_s, work_s in looks:
        kept = [each for each in spans if end_s - WINDOW_S < each.end_s < end_s]
        spans = with_span(spans, Span(end_s, length_s, work_s))
        assert list(spans) == [*kept, Span(end_s, length_s, work_s)]
    tails = [spans[begin:] for begin in range(len(spans))]
    ways = [sum(each.work_s for each in tail) / (sum(each.length_s for each in tail) + max_wait_s) for tail in tails]
    assert needed(spans, max_wait_s) == pytest.approx(max(ways, default=0.0))
