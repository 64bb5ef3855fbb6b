"""Adds to a fleet's history, and forgets the oldest.

So many decisions and minutes are kept, and so many bytes of looks: none by age, since a clock may jump.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields
from pathlib import Path

from orchestrator.adapters.history_database import file_id, of_no_use, opened, set_aside
from orchestrator.adapters.look_pieces import LookStream, packed
from orchestrator.adapters.typed_json import TypedJson
from orchestrator.core.fleet import Decided
from orchestrator.core.scaling.load_minutes import MOST_DAYS, LoadMinute, gained, minutes
from orchestrator.core.scaling.looks import Look
from orchestrator.core.scaling.pool_memory import PoolMemory

MOST_ROWS = {"decisions": 10_000, "minutes": MOST_DAYS * 1440}
MOST_BYTES = 32 * 2**20  # of looks: about a day of four busy replicas, a week of one that is idle
SEGMENT_LOOKS = 1200  # ten minutes
SEGMENT_BYTES = 2**20  # of large pools they are fewer

DECIDED: TypedJson[Decided] = TypedJson(Decided)
COLUMNS = ", ".join(field.name for field in fields(LoadMinute))
ADD_MINUTE = f"""
INSERT INTO minutes ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (begin_s) DO UPDATE SET
    watched_s = watched_s + excluded.watched_s, requests = requests + excluded.requests,
    prompt_tokens = prompt_tokens + excluded.prompt_tokens,
    generation_tokens = generation_tokens + excluded.generation_tokens, work_s = work_s + excluded.work_s,
    waiting = max(waiting, excluded.waiting), held = max(held, excluded.held),
    ready = excluded.ready, asked = excluded.asked
"""
TAKE_OVER = f"INSERT OR IGNORE INTO minutes ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
BEGIN_SEGMENT = "INSERT INTO segments (id, memory) VALUES (max(?, (SELECT ifnull(max(id), 0) + 1 FROM segments)), ?)"
FORGET_SEGMENTS = """
DELETE FROM segments WHERE id <= (
    SELECT max(segment) FROM (
        SELECT segment, sum(sum(length(looks))) OVER (ORDER BY segment DESC) AS bytes FROM pieces GROUP BY segment
    ) WHERE bytes > ?
)
"""

Watched = tuple[Look, PoolMemory]  # a look, and what was remembered after it


class HistoryError(Exception):
    """Something of the history was not written, or is lost."""


class HistoryWriter:
    """Writes the history at `path`, from one thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._segment, self._stream, self._looks, self._bytes = 0, LookStream(), 0, 0

    def take_over(self, minutes: Sequence[LoadMinute]) -> None:
        """Minutes that another disk had, the oldest first; those that are here stay. Raises HistoryError."""
        try:
            database = self._opened()
            with database:
                database.executemany(TAKE_OVER, map(astuple, minutes))
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise HistoryError(f"{self._path} cannot take over {len(minutes)} minutes: {error}") from error

    def add(self, memory: PoolMemory | None, watched: Sequence[Watched], decided: Sequence[Decided]) -> None:
        """Looks that followed one another, `memory` before the first, and those of their decisions that changed
        something; raises HistoryError, also where a file that was of no use had to give way.
        """
        try:
            self._add(memory, watched, decided)
        except (OSError, sqlite3.Error) as error:
            self.close()
            if not isinstance(error, sqlite3.Error) or not of_no_use(error):
                raise HistoryError(f"{self._path} cannot be written: {error}") from error
            aside = self._begin_anew(memory, watched, decided)
            raise HistoryError(
                f"{self._path} was of no use: {error}; it is kept as {aside}, a new one begins"
            ) from error
        except Exception:
            self.close()  # the stream may have what the file has not
            raise

    def close(self) -> None:
        if self._database is not None:
            self._database.close()
        self._database, self._segment = None, 0

    def _begin_anew(self, memory: PoolMemory | None, watched: Sequence[Watched], decided: Sequence[Decided]) -> Path:
        try:
            aside = set_aside(self._path)
            self._add(memory, watched, decided)
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise HistoryError(f"{self._path} is of no use, and cannot be begun anew: {error}") from error
        return aside

    def _add(self, memory: PoolMemory | None, watched: Sequence[Watched], decided: Sequence[Decided]) -> None:
        database = self._opened()
        database.execute("BEGIN IMMEDIATE")
        with database:
            if not self._segment or self._looks >= SEGMENT_LOOKS or self._bytes >= SEGMENT_BYTES:
                _forget(database)
                self._begin_segment(database, memory, watched)
            piece = self._stream.piece(look for look, _ in watched)
            database.execute("INSERT INTO pieces VALUES (?, ?)", (self._segment, piece))
            database.executemany("INSERT INTO decisions VALUES (?, ?)", map(_row, decided))
            database.executemany(ADD_MINUTE, map(astuple, minutes(_gains(memory, watched))))
        self._looks, self._bytes = self._looks + len(watched), self._bytes + len(piece)

    def _opened(self) -> sqlite3.Connection:
        """The database at the path, also when what was there was moved away."""
        if self._database is None or self._file != file_id(self._path):
            self.close()
            self._database = opened(self._path)
            self._file = file_id(self._path)
        return self._database

    def _begin_segment(
        self, database: sqlite3.Connection, memory: PoolMemory | None, watched: Sequence[Watched]
    ) -> None:
        """Its number is the Unix time of its first look, so that no other disk's is taken for it; or the next one."""
        begin_s = int(watched[0][0].seen.now_s) if watched else 0
        added = database.execute(BEGIN_SEGMENT, (begin_s, packed(memory)))
        self._segment, self._stream, self._looks, self._bytes = added.lastrowid or 0, LookStream(), 0, 0


def _gains(memory: PoolMemory | None, watched: Sequence[Watched]) -> Iterator[LoadMinute]:
    before = memory
    for look, after in watched:
        yield gained(look.seen, before, after)
        before = after


def _row(decided: Decided) -> tuple[float, bytes]:
    return decided.at_s, DECIDED.dump(decided)


def _forget(database: sqlite3.Connection) -> None:
    for table, most in MOST_ROWS.items():
        database.execute(f"DELETE FROM {table} WHERE rowid <= (SELECT max(rowid) FROM {table}) - ?", (most,))
    database.execute(FORGET_SEGMENTS, (MOST_BYTES,))
