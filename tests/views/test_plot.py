"""A series as columns of blocks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.views.plot import bars, columns


def test_bars_stand_on_each_other_in_eighths() -> None:
    assert bars([0, 1, 8, 12, 16], 16, 2) == ["   ▄█", " ▁███"]
    assert bars([0.0, 0.0], 0.0, 2) == ["", ""]


def test_columns_are_means_of_equal_parts_and_a_short_series_is_stretched() -> None:
    assert columns([1, 3, 5, 7], 2) == [2, 6]
    assert columns([4], 3) == [4, 4, 4]
    assert columns([1, 2], 4) == [1, 1, 2, 2]


@given(st.lists(st.floats(0, 100), min_size=1, max_size=300), st.integers(1, 120))
def test_columns_stay_within_the_series(series: list[float], width: int) -> None:
    found = columns(series, width)
    assert len(found) == width
    assert min(series) - 1e-9 <= min(found) <= max(found) <= max(series) + 1e-9
