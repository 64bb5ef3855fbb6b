"""What the dashboard needs of a log that grows, wherever it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class LogPiece:
    """What was written since the last look."""

    data: bytes = b""
    skipped_bytes: int = 0  # before it, up to a line's begin
    anew: bool = False  # whether it is of another log, or of one that was cut
    gone: bool = False  # whether nothing more will come


class GrowingLog(Protocol):
    """One reader of one log; `read` and `close` may be called in different threads."""

    def read(self) -> LogPiece:
        """Raises OSError, ValueError or EnvironmentNotReady for what cannot be read; it may be tried again."""

    def close(self) -> None: ...
