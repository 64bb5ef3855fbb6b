"""Lines of a table: made anew where what they show is another, and only there."""

from __future__ import annotations

from orchestrator.views.live.columns import REPLICAS
from orchestrator.views.live.span import text_of
from tests.tui.fleets import AT_S, ROWS, row
from tui.widgets.rows import Rows


def test_a_row_that_is_as_it_was_keeps_its_line() -> None:
    drawn = Rows(REPLICAS, 200)
    before = drawn.lines(ROWS, AT_S)
    again = drawn.lines(tuple(reversed(ROWS)), AT_S)
    assert all(line is was for line, was in zip(reversed(again), before, strict=True))


def test_a_row_that_changed_or_grew_older_has_another_line() -> None:
    drawn = Rows(REPLICAS, 200)
    (before,) = drawn.lines([row("a", started_at_s=AT_S - 119)], AT_S)
    (older,) = drawn.lines([row("a", started_at_s=AT_S - 119)], AT_S + 1)
    (busier,) = drawn.lines([row("a", started_at_s=AT_S - 119, num_requests_running=13)], AT_S + 1)
    assert "1m" in text_of(before)
    assert "2m" in text_of(older)
    assert text_of(busier) != text_of(older)


def test_of_two_replicas_with_one_id_each_has_its_own_line() -> None:
    one, other = Rows(REPLICAS, 200).lines([row("a", host="here"), row("a", host="there")], AT_S)
    assert ("here" in text_of(one), "there" in text_of(other)) == (True, True)


def test_a_table_without_room_has_lines_without_text() -> None:
    assert [text_of(line) for line in Rows(REPLICAS).lines(ROWS, AT_S)] == [""] * len(ROWS)
