"""The parts of a forecast: where demand goes, and how far it has been known to outrun that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.scaling.reserve import Reserve, first_reserve, reserved, with_error
from orchestrator.core.scaling.trend import expected, first_trend, with_demand

FAST_S, EVERY_S = 30.0, 1.0


@given(st.floats(0, 50), st.floats(0, 0.1), st.floats(0, 300))
def test_a_steady_rise_is_expected_to_go_on(start: float, rise_a_second: float, ahead_s: float) -> None:
    trend = first_trend(start)
    for second in range(1, 1500):
        trend = with_demand(trend, start + rise_a_second * second, EVERY_S, FAST_S, float(second))
    assert expected(trend, ahead_s, FAST_S) == pytest.approx(
        start + rise_a_second * (1499 + ahead_s), rel=0.02, abs=0.05
    )


def test_demand_that_outruns_what_was_expected_raises_the_reserve_and_calm_lowers_it_again() -> None:
    def after(reserve: Reserve, error: float, seconds: int) -> Reserve:
        for _ in range(seconds):
            reserve = with_error(reserve, error, 9.0, EVERY_S)
        return reserve

    at_first = first_reserve()
    outrun = after(at_first, 12.0, 60)
    calm = after(outrun, 0.0, 3 * 3600)
    assert reserved(at_first, 9.0) < reserved(outrun, 9.0)
    assert 12.0 <= reserved(outrun, 9.0) <= 12.0 + 0.1 * 3
    assert reserved(calm, 9.0) < reserved(at_first, 9.0)


@given(st.floats(1, 20))
def test_looks_that_are_rarer_weigh_as_much_more(interval_s: float) -> None:
    once = with_error(first_reserve(), 5.0, 9.0, interval_s)
    assert sum(once.weights) - sum(first_reserve().weights) == pytest.approx(interval_s, rel=0.01)
