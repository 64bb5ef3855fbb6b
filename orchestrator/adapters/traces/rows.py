"""The lines of a CSV file, plain or compressed by gzip, checked one by one; what is wrong is named by file and line."""

from __future__ import annotations

import csv
import gzip
import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn

from orchestrator.core.errors import UsageError

GZIP = b"\x1f\x8b"
LINE_CHARACTERS = 4096
MOST_ROWS = 50_000_000
DAY_S = 86400
MOST_S = 62 * DAY_S  # a replay keeps 16 bytes of each second
LARGEST = 1e15


@dataclass(frozen=True)
class Row:
    """One line of a trace."""

    path: Path
    line: int
    fields: tuple[str, ...]

    def number(self, column: int, name: str) -> float:
        """A finite number of at least 0."""
        text = self.fields[column]
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not 0 <= value <= LARGEST:
            self.refuse(f"expected a number from 0 to {LARGEST:.0e} as {name}, got {text[:40]!r}")
        return value

    def refuse(self, message: str) -> NoReturn:
        reader = "zcat" if is_gzip(self.path) else "cat"
        raise UsageError(
            f"{self.path}, line {self.line}: {message}", hint=f"{reader} {self.path} | sed -n {self.line}p"
        )


class Clock:
    """Times that may stand still but not go back, over a length that a replay can hold."""

    def __init__(self) -> None:
        self._first_s: float | None = None
        self._last_s = -math.inf

    def checked(self, row: Row, t_s: float) -> float:
        if self._first_s is None:
            self._first_s = t_s
        if t_s < self._last_s:
            row.refuse("its time is before that of the line above; sort the file by time")
        check_length(row, self._first_s, t_s)
        self._last_s = t_s
        return t_s


def check_length(row: Row, first_s: float, last_s: float) -> None:
    """A trace is no longer than a replay can hold."""
    days = (last_s - first_s) / DAY_S
    if last_s - first_s > MOST_S:
        row.refuse(f"it is {days:,.0f} days after the first; at most {MOST_S / DAY_S:.0f} can be replayed")


def header(path: Path) -> tuple[str, ...]:
    """The first line's columns."""
    return next((row.fields for row in _rows(path)), ())


def rows(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """The lines after the header, each with as many fields as there are columns."""
    for row in _rows(path):
        if row.line == 1:
            continue
        if row.line > MOST_ROWS:
            row.refuse(f"a trace may have {MOST_ROWS:,} lines at most")
        if len(row.fields) != len(columns):
            row.refuse(f"expected {len(columns)} fields ({','.join(columns)}), got {len(row.fields)}: truncated?")
        yield row


def is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == GZIP


def _rows(path: Path) -> Iterator[Row]:
    line = 0
    with _opened(path) as file:
        try:
            for line, fields in enumerate(csv.reader(_lines(file)), start=1):
                yield Row(path, line, tuple(fields))
        except (EOFError, zlib.error, gzip.BadGzipFile):
            Row(path, line + 1, ()).refuse("the compressed file ends here or is damaged: truncated?")
        except csv.Error as error:
            Row(path, line + 1, ()).refuse(f"not a line of CSV: {error}")


def _opened(path: Path) -> IO[str]:
    if is_gzip(path):
        return gzip.open(path, "rt", encoding="utf-8-sig", errors="replace", newline="")
    return path.open(encoding="utf-8-sig", errors="replace", newline="")


def _lines(file: IO[str]) -> Iterator[str]:
    """Never more than LINE_CHARACTERS at once, whatever the file is."""
    while line := file.readline(LINE_CHARACTERS + 1):
        if len(line) > LINE_CHARACTERS:
            raise csv.Error(f"longer than {LINE_CHARACTERS:,} characters")
        yield line
