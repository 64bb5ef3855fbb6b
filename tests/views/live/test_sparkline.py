"""A course as blocks: as wide as it was asked for, the highest a whole block, a gap where nothing is known."""

from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.views.live.sparkline import BLOCKS, sparkline

courses = st.lists(st.none() | st.floats())


@given(courses, st.integers(-3, 80))
def test_it_is_as_wide_as_it_was_asked_for(course: list[float | None], width: int) -> None:
    line = sparkline(course, width)
    assert len(line) == max(0, width)
    assert set(line) <= set(BLOCKS)


@pytest.mark.parametrize(
    ("course", "line"),
    [
        ([], "     "),
        ([1, 2, 4, 8], " ▂▃▅█"),
        ([0, 0, 0], "  ▁▁▁"),
        ([5, None, 5], "  █ █"),
        ([5, nan, inf, -3], " █  ▁"),
        ([9, 9, 1, 1, 1, 1, 1], "█████"),
    ],
)
def test_the_last_values_are_drawn_against_the_highest_of_them(course: list[float | None], line: str) -> None:
    assert sparkline(course, 5) == line
