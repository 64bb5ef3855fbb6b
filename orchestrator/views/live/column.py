"""Columns of a table: what each shows, what it sorts by, and which give way first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from orchestrator.core.live.query import Predicate, Vocabulary
from orchestrator.views.live import amounts
from orchestrator.views.live.span import Tone, clean
from orchestrator.views.table import shorten

Cell = Callable[[Any, float], str]
Key = Callable[[Any], Any]


@dataclass(frozen=True)
class Column:
    """`rank` 0 is always there; of the others the highest goes first where a terminal is narrow."""

    name: str
    title: str
    width: int
    rank: int
    cell: Cell  # of a row, at a moment of Unix time
    key: Key  # to sort by; None comes last
    right: bool = True
    tone: Callable[[Any], Tone] = lambda row: Tone.PLAIN
    grows: bool = False  # takes what room is left
    ages: bool = False  # another as time goes on, though the row is the same


@dataclass(frozen=True)
class Listing:
    """One kind of row as a table: its columns, what a filter can name, which row is which, and which are faults."""

    kind: type
    columns: tuple[Column, ...]
    words: Vocabulary
    name: Callable[[Any], str]
    faulty: Predicate

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}


def text(value: Callable[[Any], str]) -> Cell:
    return lambda row, now_s: clean(value(row)) or amounts.NOTHING


def measured(
    name: str, title: str, width: int, rank: int, value: Callable[[Any], float | None],
    shown: Callable[[float | None], str], tone: Callable[[Any], Tone] = lambda row: Tone.PLAIN,
) -> Column:  # fmt: skip
    """A column of numbers that it also sorts by."""
    return Column(name, title, width, rank, lambda row, now_s: shown(value(row)), value, tone=tone)


def fitting(columns: tuple[Column, ...], width: int) -> tuple[Column, ...]:
    """Those for which a terminal has room, in their order."""
    kept = sorted(columns, key=lambda column: column.rank)
    while len(kept) > 1 and sum(column.width + 1 for column in kept) > width + 1:
        kept.pop()
    return tuple(column for column in columns if column in kept)


def widths(columns: tuple[Column, ...], width: int) -> tuple[int, ...]:
    """Of each, so that the one that grows takes what is left."""
    left = max(0, width - sum(column.width + 1 for column in columns) + 1)
    growing = [column for column in columns if column.grows]
    extra = left // len(growing) if growing else 0
    return tuple(column.width + (extra if column.grows else 0) for column in columns)


def table_lines(listing: Listing, rows: Iterable[Any], now_s: float, width: int) -> Iterator[str]:
    """The titles, and the rows in as many columns as there is room for."""
    columns = fitting(listing.columns, width)
    sizes = dict(zip(columns, widths(columns, width), strict=True))
    yield " ".join(_sized(column, column.title, size) for column, size in sizes.items())
    for row in rows:
        yield " ".join(_sized(column, column.cell(row, now_s), size) for column, size in sizes.items())


def _sized(column: Column, text: str, width: int) -> str:
    short = shorten(text, width)
    return short.rjust(width) if column.right else short.ljust(width)
