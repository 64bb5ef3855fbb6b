"""A log file that grows; it may be begun anew, replaced or removed meanwhile."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from orchestrator.app.log_port import LogPiece

MOST_BYTES = 1 << 20  # of one look; of more only the last is read
LONGEST_BYTES = 1 << 16  # of a line without an end


class LogFile:
    """Satisfies `orchestrator.app.log_port.GrowingLog`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    def read(self) -> LogPiece:
        try:
            now = self.path.stat()
        except FileNotFoundError:
            return LogPiece(self._file.read(MOST_BYTES) if self._file else b"", gone=True)
        anew = self._file is not None and self._is_another(self._file, now)
        if self._file is None or anew:
            self.close()
            self._file = self.path.open("rb")
        skipped_bytes = self._skip(self._file)
        return LogPiece(self._file.read(MOST_BYTES), skipped_bytes, anew)

    def close(self) -> None:
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
        file.seek(-MOST_BYTES, os.SEEK_END)
        file.readline(LONGEST_BYTES)
        return file.tell() - before
