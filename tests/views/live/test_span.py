"""Text from outside can steer no terminal, and lines are put together without losing any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.views.live.span import INDENT, Line, Span, Tone, clean, flowed, hanging, joined, text_of


@given(st.text())
def test_whatever_a_name_holds_what_is_shown_is_printable(text: str) -> None:
    assert clean(text).isprintable()


@given(st.text(st.characters(categories=["L", "N", "P", "S"])))
def test_what_is_printable_is_shown_as_it_is(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\r", "a\\nb\\r"),
        ("\x9b31m", "\\x9b31m"),
        ("evil\u202etxt", "evil\\u202etxt"),
        ("\ud800", "\\ud800"),
        ("Qwen 千问", "Qwen 千问"),
    ],
)
def test_what_could_steer_a_terminal_is_shown_as_its_escape(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.lists(st.text("ab c", max_size=30).map(Span), max_size=4).map(tuple), st.integers(1, 40))
def test_a_line_that_hangs_loses_no_word_and_is_as_narrow_as_it_can_be(line: Line, width: int) -> None:
    lines = [text_of(each) for each in hanging(line, width)]
    assert "".join(lines).replace(" ", "") == text_of(line).replace(" ", "")
    assert all(len(each) <= width for each in lines[1:]) or width <= INDENT


def test_a_line_that_hangs_goes_on_below_where_its_last_part_began() -> None:
    line = (Span("demand  "), Span("replicas that are busy", Tone.HEAD))
    assert [text_of(each) for each in hanging(line, 20)] == ["demand  replicas", "        that are", "        busy"]
    assert [text_of(each) for each in hanging(line, 40)] == ["demand  replicas that are busy"]


def test_parts_flow_over_lines_and_none_is_cut() -> None:
    parts = [(Span("aaa"),), (), (Span("bbb"),), (Span("c" * 12),), (Span("d"),)]
    assert [text_of(each) for each in flowed(parts, 8)] == ["aaa  bbb", "c" * 12, "d"]
    assert [text_of(each) for each in flowed([], 8)] == [""]


def test_parts_come_on_one_line_with_gaps_between_them_and_none_for_what_is_empty() -> None:
    line = joined([(Span("a", Tone.HEAD), Span("b")), (), (Span("c"),)])
    assert text_of(line) == "ab  c"
    assert line[0].tone is Tone.HEAD
