"""How fast totals grow, and when that cannot be told."""

from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.live import rates
from tests.core.live.made import view

totals = st.floats(allow_nan=True, allow_infinity=True)


def test_a_rate_is_what_was_added_a_second() -> None:
    assert rates.rate(100, 130, 10) == 3.0
    assert rates.per_min(100, 130, 10) == 180.0


@pytest.mark.parametrize(
    ("before", "now", "seconds"), [(5, 3, 10), (1, 2, 0), (1, 2, -3), (nan, 2, 1), (1, nan, 1), (-inf, 0, inf)]
)
def test_there_is_none_where_a_counter_began_anew_or_no_time_went_by(before: float, now: float, seconds: float) -> None:
    assert rates.rate(before, now, seconds) is None
    assert rates.per_min(before, now, seconds) is None


@given(totals, totals, totals)
def test_a_rate_is_a_number_and_never_below_zero(before: float, now: float, seconds: float) -> None:
    found = rates.rate(before, now, seconds)
    assert found is None or found >= 0


def test_a_token_takes_what_its_streams_took_over_what_they_wrote() -> None:
    assert rates.tpot_s(view(100, busy_s=1.0), view(200, busy_s=3.0)) == pytest.approx(0.02)


@pytest.mark.parametrize(
    "now", [view(107, busy_s=2.0), view(200, busy_s=1.0), view(50, busy_s=0.5), view(200, busy_s=nan)]
)
def test_hardly_a_token_or_no_time_says_nothing_of_how_long_one_takes(now: rates.EngineView) -> None:
    assert rates.tpot_s(view(100, busy_s=1.0), now) is None


def cached(sought: int | None, found: int | None) -> rates.EngineView:
    return view(prefix_cache_queries_total=sought, prefix_cache_hits_total=found)


def test_the_share_that_was_still_known_is_that_of_the_window() -> None:
    assert rates.prefix_cache_hits(cached(100, 100), cached(300, 150)) == 0.25


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (cached(None, None), cached(None, None)),  # an engine that does not tell
        (cached(100, 20), cached(100, 20)),  # nothing was looked for
        (cached(100, 20), cached(50, 10)),  # it began anew
        (cached(100, 20), cached(110, 90)),  # it lies
    ],
)
def test_there_is_no_share_where_nothing_was_looked_for(before: rates.EngineView, now: rates.EngineView) -> None:
    assert rates.prefix_cache_hits(before, now) is None
