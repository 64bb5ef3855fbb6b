"""A log as it grows, also when it is begun anew under the reader's eyes."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

PERIOD_S = 0.2


def last_lines(log: BinaryIO, count: int | None) -> Iterable[bytes]:
    """Its last `count` lines, or all; `log` is read to its end."""
    return log if count is None else deque(log, maxlen=count)


def growth(log: BinaryIO, path: Path) -> Iterator[bytes]:
    """What is written to the log at `path` from now on; ends when the log is removed.

    `log` stands at its end. A log that was truncated or replaced is read from its beginning.
    """
    while True:
        yield log.read()
        try:
            now = path.stat()
        except FileNotFoundError:
            yield log.read()
            return
        if not os.path.samestat(now, os.fstat(log.fileno())):
            yield log.read()
            log.close()
            log = path.open("rb")
        elif now.st_size < log.tell():
            log.seek(0)
        else:
            time.sleep(PERIOD_S)
