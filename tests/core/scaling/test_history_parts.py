"""The parts of a history: their names, and which of them there is room for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.scaling.history_parts import (
    MOST_LOOKS_BYTES,
    MOST_PART_BYTES,
    Part,
    PartKind,
    day_of,
    kept,
    newest_first,
    part_of,
)
from orchestrator.core.scaling.load_minutes import MOST_DAYS

NUMBERS = st.integers(0, 10**12 - 1)
PARTS = st.builds(Part, st.sampled_from(PartKind), NUMBERS)
SIZES = st.dictionaries(PARTS, st.integers(0, MOST_PART_BYTES), max_size=60)


@given(PARTS)
def test_a_part_is_known_by_its_name(part: Part) -> None:
    assert part_of(part.name) == part


NO_NAMES = ["", "state", "minutes/", "minutes/-1", "looks/1e3", "looks/1/", "../looks/1", "looks/1\n", "looks/\u0663"]


@pytest.mark.parametrize("name", [*NO_NAMES, "looks/" + "1" * 13])
def test_what_is_no_name_is_no_part(name: str) -> None:
    assert part_of(name) is None


def test_a_day_is_that_of_utc() -> None:
    assert (day_of(0.0), day_of(86_399.9), day_of(86_400.0)) == (0, 0, 1)


@given(SIZES)
def test_what_is_kept_is_the_newest_within_the_bounds(sizes: dict[Part, int]) -> None:
    found = kept(sizes)
    looks, days = newest_first(found, PartKind.LOOKS), newest_first(found, PartKind.MINUTES)
    assert sum(sizes[each] for each in looks) <= MOST_LOOKS_BYTES
    assert len(days) <= MOST_DAYS
    all_looks, all_days = newest_first(sizes, PartKind.LOOKS), newest_first(sizes, PartKind.MINUTES)
    assert looks == all_looks[: len(looks)]
    assert days == all_days[:MOST_DAYS]
    if len(looks) < len(all_looks):
        assert sum(sizes[each] for each in all_looks[: len(looks) + 1]) > MOST_LOOKS_BYTES
