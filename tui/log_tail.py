"""The lines of a log that grows, as they come."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.app.log_port import GrowingLog
from orchestrator.views.live.log_text import log_line

LONGEST_BYTES = 1 << 16  # of a line without an end


@dataclass(frozen=True)
class Grown:
    lines: tuple[str, ...] = ()
    skipped_bytes: int = 0  # before the lines
    anew: bool = False  # whether the lines are of another log, or of one that was cut
    gone: bool = False


class LogTail:
    """One reader of one log."""

    def __init__(self, log: GrowingLog) -> None:
        self._log = log
        self._rest = b""  # of a line that has not ended

    def read(self) -> Grown:
        """What has been written since the last look; raises what the log does."""
        piece = self._log.read()
        if piece.anew or piece.skipped_bytes:
            self._rest = b""
        return Grown(self._lines(piece.data), piece.skipped_bytes, piece.anew, piece.gone)

    def close(self) -> None:
        self._log.close()

    def _lines(self, piece: bytes) -> tuple[str, ...]:
        """A line that has not ended waits for its end, unless nothing comes, or it is very long."""
        *whole, self._rest = (self._rest + piece).split(b"\n")
        if self._rest and (not piece or len(self._rest) > LONGEST_BYTES):
            whole.append(self._rest)
            self._rest = b""
        return tuple(map(log_line, whole))
