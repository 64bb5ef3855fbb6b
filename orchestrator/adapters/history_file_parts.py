"""A fleet's history on this disk, in the parts by which it is told elsewhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from orchestrator.adapters.history_writer import COLUMNS
from orchestrator.adapters.part_values import looks_value, minutes_value
from orchestrator.adapters.scaling_history import reading
from orchestrator.core.scaling.history_parts import DAY_S, Part, PartKind
from orchestrator.core.scaling.load_minutes import LoadMinute

Extent = tuple[float, ...]  # of a part: it has grown where another one is found

DAYS = "SELECT CAST(begin_s / ? AS INTEGER) AS day, count(*), sum(watched_s), max(begin_s) FROM minutes GROUP BY day"
SIZES = """
SELECT segments.id, length(memory) + sum(length(looks)) FROM segments JOIN pieces ON segment = segments.id
GROUP BY segments.id
"""


class HistoryFileParts:
    """Raises EnvironmentNotReady for a file of no use; where there is none there is no part."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def extents(self) -> dict[Part, Extent]:
        """Of every part; of looks it is their size in bytes."""
        with reading(self._path) as database:
            return dict((*_days(database), *_segments(database)))

    def value(self, part: Part) -> bytes:
        """What is there of it now."""
        with reading(self._path) as database:
            return _minutes(database, part.number) if part.kind is PartKind.MINUTES else _looks(database, part.number)


def _days(database: sqlite3.Connection) -> Iterator[tuple[Part, Extent]]:
    for day, *extent in database.execute(DAYS, (DAY_S,)):
        yield Part(PartKind.MINUTES, day), tuple(extent)


def _segments(database: sqlite3.Connection) -> Iterator[tuple[Part, Extent]]:
    for number, size_bytes in database.execute(SIZES):
        yield Part(PartKind.LOOKS, number), (size_bytes,)


def _minutes(database: sqlite3.Connection, day: int) -> bytes:
    query = f"SELECT {COLUMNS} FROM minutes WHERE begin_s >= ? AND begin_s < ? ORDER BY begin_s"
    return minutes_value(LoadMinute(*row) for row in database.execute(query, (day * DAY_S, (day + 1) * DAY_S)))


def _looks(database: sqlite3.Connection, number: int) -> bytes:
    memory = database.execute("SELECT memory FROM segments WHERE id = ?", (number,)).fetchone()
    pieces = database.execute("SELECT looks FROM pieces WHERE segment = ? ORDER BY rowid", (number,))
    return looks_value(memory[0] if memory else b"", (looks for (looks,) in pieces))
