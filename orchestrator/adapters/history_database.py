"""The SQLite database of a fleet's history: opening it, and setting aside one that is of no use."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

VERSION = 1
BUSY_TIMEOUT_S = 5.0
OF_NO_USE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
SCHEMA = """
CREATE TABLE IF NOT EXISTS decisions (at_s REAL NOT NULL, decided BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS minutes (
    begin_s REAL PRIMARY KEY, watched_s REAL, requests REAL, prompt_tokens REAL, generation_tokens REAL, work_s REAL,
    waiting REAL, held REAL, ready INTEGER, asked INTEGER
);
CREATE TABLE IF NOT EXISTS segments (id INTEGER PRIMARY KEY, memory BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS pieces (
    segment INTEGER NOT NULL REFERENCES segments (id) ON DELETE CASCADE, looks BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS pieces_of_segment ON pieces (segment);
"""


class AnotherVersion(sqlite3.DatabaseError):
    """A database that this version did not write."""


def opened(path: Path) -> sqlite3.Connection:
    """For writing, new where there is none; only its owner can read it. Raises OSError or sqlite3.Error."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    database = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
    try:
        known = _require_version(database)
        database.execute("PRAGMA journal_mode = WAL")  # readers and the writer do not wait for each other
        database.execute("PRAGMA synchronous = NORMAL")  # a power cut may lose the last writes, and damages nothing
        database.execute("PRAGMA foreign_keys = ON")
        if not known:
            database.executescript(f"BEGIN IMMEDIATE; {SCHEMA} PRAGMA user_version = {VERSION}; COMMIT")
    except BaseException:
        database.close()
        raise
    return database


def opened_to_read(path: Path) -> sqlite3.Connection:
    """An empty one where there is none; raises sqlite3.Error."""
    if not path.exists():
        return _empty()
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=BUSY_TIMEOUT_S)
    try:
        return database if _require_version(database) else _empty()
    except BaseException:
        database.close()
        raise


def _empty() -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    database.executescript(SCHEMA)
    return database


def set_aside(path: Path) -> Path:
    """Keep what is of no use under another name, in place of what was kept before."""
    aside = path.with_name(f"{path.name}.damaged")
    path.replace(aside)
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    return aside


def file_id(path: Path) -> tuple[int, int] | None:
    """Which file is there; None without one."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def of_no_use(error: sqlite3.Error) -> bool:
    """Whether it will not be better the next time."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, AnotherVersion) or (code is not None and code & 0xFF in OF_NO_USE)


def _require_version(database: sqlite3.Connection) -> int:
    """This one's, or 0 for a new database."""
    (version,) = database.execute("PRAGMA user_version").fetchone()
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if version != VERSION and (version or tables):
        raise AnotherVersion(f"it is of version {version}, and version {VERSION} is needed")
    return int(version)
