"""The lines of a table: its head, and a row each, made anew only where a row or its age is another."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from orchestrator.views.live.column import Listing, fitting, widths
from orchestrator.views.live.span import Line, Span, Tone
from tui.paint import sized

ARROWS = {False: "▲", True: "▼"}


class Made(NamedTuple):
    """A line, and what it was made of: a row, and what of it depends on the time."""

    row: Any
    ages: tuple[str, ...]
    line: Line


class Rows:
    """As many columns as `width` has room for."""

    def __init__(self, listing: Listing, width: int = 0) -> None:
        self.columns = fitting(listing.columns, width) if width else ()
        self._name = listing.name
        self._sizes = tuple(zip(self.columns, widths(self.columns, width), strict=True))
        self._ages = tuple(column for column in self.columns if column.ages)
        self._made: dict[str, Made] = {}

    def head(self, order: str, reverse: bool) -> Line:
        """The titles, with an arrow at the one that the rows are sorted by."""
        arrows = {order: ARROWS[reverse]}
        titles = (sized(each.title + arrows.get(each.name, ""), width, each.right) for each, width in self._sizes)
        return (Span(" ".join(titles), Tone.HEAD),)

    def lines(self, rows: Iterable[Any], now_s: float) -> list[Line]:
        """Of the rows that are in sight."""
        made = [self._row(row, now_s) for row in rows]
        self._made = {self._name(each.row): each for each in made}
        return [each.line for each in made]

    def text(self, row: Any, now_s: float) -> str:
        """The row as it is shown, its columns apart by tabs."""
        return "\t".join(column.cell(row, now_s) for column in self.columns)

    def _row(self, row: Any, now_s: float) -> Made:
        ages = tuple(column.cell(row, now_s) for column in self._ages)
        known = self._made.get(self._name(row))
        if known is not None and known[:2] == (row, ages):
            return known
        return Made(row, ages, self._line(row, now_s))

    def _line(self, row: Any, now_s: float) -> Line:
        """Neighbours of one tone are one span: fewer are drawn faster."""
        spans: list[Span] = []
        for column, width in self._sizes:
            gap = " " if spans else ""
            text, tone = gap + sized(column.cell(row, now_s), width, column.right), column.tone(row)
            if spans and spans[-1].tone == tone:
                spans[-1] = Span(spans[-1].text + text, tone)
            else:
                spans.append(Span(text, tone))
        return tuple(spans)
