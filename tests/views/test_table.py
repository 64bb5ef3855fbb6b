"""Tables and text within a width."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.views.table import indent, paragraph, shorten, table, wrapped_table


def test_columns_are_as_wide_as_their_widest_cell_and_lines_do_not_end_in_blanks():
    assert table(("A", "LONG"), [("one", "1"), ("2", "")]) == "A    LONG\none  1\n2"


def test_a_table_without_rows_is_its_headers():
    assert table(("A", "B"), []) == "A  B"


def test_the_last_column_goes_on_below_itself():
    text = wrapped_table(("A", "WHY"), [("x", "one two three four five six seven")], 25)
    assert text.splitlines() == ["A  WHY", "x  one two three four", "   five six seven"]


def test_a_long_line_is_cut_with_an_ellipsis():
    assert shorten("abcdef", 4) == "abc…"
    assert shorten("abcd", 4) == "abcd"


def test_indentation_and_paragraphs_stand_two_blanks_in():
    assert indent("a\nb") == "  a\n  b"
    assert paragraph("one two", 6) == "  one\n  two"


@given(st.text(), st.integers(1, 50))
def test_shortened_text_keeps_within_its_width(text, width):
    assert len(shorten(text, width)) <= width
