"""Text from outside can steer no terminal, and lines are put together without losing any."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.views.live.span import Span, Tone, clean, joined, text_of


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


def test_parts_come_on_one_line_with_gaps_between_them_and_none_for_what_is_empty() -> None:
    line = joined([(Span("a", Tone.HEAD), Span("b")), (), (Span("c"),)])
    assert text_of(line) == "ab  c"
    assert line[0].tone is Tone.HEAD
