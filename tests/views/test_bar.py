"""Memory as letters: whoever sees no colour and no table still sees what takes how much."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.device_memory import Memory, MemoryPart
from orchestrator.views.bar import memory_bar, part_letters

NAMES = ("weights", "kv_cache", "recurrent_state", "activations", "overhead")


def memory(*sizes: int, available: int) -> Memory:
    return Memory(tuple(MemoryPart(name, size, "") for name, size in zip(NAMES, sizes, strict=False)), available)


def test_letters_stand_for_parts_by_their_share_and_dots_for_what_is_left() -> None:
    assert memory_bar(memory(4, 2, 1, available=10), 12) == "[WWWWKKR...]"


def test_what_misses_stands_behind_the_edge() -> None:
    assert memory_bar(memory(8, 2, available=5), 13) == "[WWWWW|WWWKK]"


def test_a_part_that_is_hardly_there_is_seen_and_none_that_is_not() -> None:
    assert memory_bar(memory(10**9, 1, 0, available=10**9 + 1), 22) == "[" + "W" * 19 + "K]"


@pytest.mark.parametrize(
    ("names", "letters"),
    [(NAMES, "WKRAO"), (("lora", "loss"), "LO"), (("a", "a", "a"), "AXY")],
)
def test_each_part_has_a_letter_of_its_own(names: tuple[str, ...], letters: str) -> None:
    assert "".join(part_letters(names)) == letters


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=5), st.integers(0, 2**41), st.integers(20, 120))
def test_a_bar_is_as_wide_as_told_and_each_share_about_as_long_as_it_is_large(
    sizes: list[int], available: int, width: int
) -> None:
    shown = memory(*sizes, available=available)
    if not sum(sizes) + available:
        return
    bar = memory_bar(shown, width)
    assert len(bar) == width
    counts, whole = Counter(bar), max(available, shown.needed_bytes)
    for letter, size in zip("WKRAO", sizes, strict=False):
        assert (counts[letter] > 0) == (size > 0)
        assert abs(counts[letter] - size / whole * width) <= len(NAMES) + 2
    assert ("|" in bar) == (shown.headroom_bytes < 0)
