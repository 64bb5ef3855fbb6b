"""Reads a fleet's history: what changed the number of replicas, the load by minute, and each look of late."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

from orchestrator.adapters.history_database import opened_to_read
from orchestrator.adapters.history_writer import COLUMNS, DECIDED
from orchestrator.adapters.look_pieces import segment
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.fleet import Decided
from orchestrator.core.scaling.load_minutes import LoadMinute
from orchestrator.core.scaling.looks import Segment


class ScalingHistory:
    """The history at `path`; where there is none all of it is empty. Raises EnvironmentNotReady for one of no use.

    Satisfies `orchestrator.app.history_port.KeepsHistory`.
    """

    caution = ""

    def __init__(self, path: Path) -> None:
        self._path = path

    def decisions(self, since_s: float = 0.0, most: int | None = None) -> tuple[Decided, ...]:
        """The latest since a Unix time, the oldest of them first."""
        with self._opened() as database:
            query = "SELECT decided FROM decisions WHERE at_s >= ? ORDER BY rowid DESC LIMIT ?"
            rows = database.execute(query, (since_s, -1 if most is None else most)).fetchall()
            return tuple(DECIDED.load(text) for (text,) in reversed(rows))

    def minutes(self, since_s: float = 0.0, most: int | None = None) -> tuple[LoadMinute, ...]:
        """As `decisions`."""
        with self._opened() as database:
            query = f"SELECT {COLUMNS} FROM minutes WHERE begin_s >= ? ORDER BY begin_s DESC LIMIT ?"
            rows = database.execute(query, (since_s, -1 if most is None else most)).fetchall()
            return tuple(LoadMinute(*row) for row in reversed(rows))

    def segments(self) -> Iterator[Segment]:
        """The oldest first."""
        with self._opened() as database:
            for number, memory in database.execute("SELECT id, memory FROM segments ORDER BY id").fetchall():
                pieces = database.execute("SELECT looks FROM pieces WHERE segment = ? ORDER BY rowid", (number,))
                yield segment(memory, [looks for (looks,) in pieces])

    def _opened(self) -> AbstractContextManager[sqlite3.Connection]:
        return reading(self._path)


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """The database of a history; raises EnvironmentNotReady where it, or what is read in it, is of no use."""
    try:
        with closing(opened_to_read(path)) as database:
            yield database
    except (sqlite3.Error, ValueError) as error:
        raise EnvironmentNotReady(
            f"the history {path} cannot be read: {error}",
            hint=f"set it aside, and a fleet that is started begins another: mv {path} {path}.damaged",
        ) from error
