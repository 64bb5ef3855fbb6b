"""A log that grows, read piece by piece; it may be begun anew, replaced or removed meanwhile."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from orchestrator.views.live.log_text import log_line

MOST_BYTES = 1 << 20  # of one look; of more only the last is read
LONGEST_BYTES = 1 << 16  # of a line without an end


@dataclass(frozen=True)
class Grown:
    lines: tuple[str, ...] = ()
    skipped_bytes: int = 0  # before the lines
    anew: bool = False  # whether the lines are of another file, or of one that was cut
    gone: bool = False


class LogTail:
    """One reader of one path."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None
        self._rest = b""  # of a line that has not ended

    def read(self) -> Grown:
        """What has been written since the last look; raises OSError for what cannot be read."""
        try:
            now = self.path.stat()
        except FileNotFoundError:
            return Grown(self._lines(self._file.read(MOST_BYTES)) if self._file else (), gone=True)
        anew = self._file is not None and self._is_another(self._file, now)
        if self._file is None or anew:
            self.close()
            self._file = self.path.open("rb")
        skipped_bytes = self._skip(self._file)
        return Grown(self._lines(self._file.read(MOST_BYTES)), skipped_bytes, anew)

    def close(self) -> None:
        self._rest = b""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _is_another(self, file: BinaryIO, now: os.stat_result) -> bool:
        return not os.path.samestat(now, os.fstat(file.fileno())) or now.st_size < file.tell()

    def _skip(self, file: BinaryIO) -> int:
        """Forward to the first whole line of the last piece."""
        before = file.tell()
        left = os.fstat(file.fileno()).st_size - before
        if left <= MOST_BYTES:
            return 0
        self._rest = b""
        file.seek(-MOST_BYTES, os.SEEK_END)
        file.readline(LONGEST_BYTES)
        return file.tell() - before

    def _lines(self, piece: bytes) -> tuple[str, ...]:
        """A line that has not ended waits for its end, unless nothing comes, or it is very long."""
        *whole, self._rest = (self._rest + piece).split(b"\n")
        if self._rest and (not piece or len(self._rest) > LONGEST_BYTES):
            whole.append(self._rest)
            self._rest = b""
        return tuple(map(log_line, whole))
