"""The command line in a process of its own, line by line: what fails in it costs the dashboard nothing."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from subprocess import DEVNULL, PIPE, STDOUT, Popen

from orchestrator.views.live.log_text import log_line

LONGEST_BYTES = 1 << 16  # of a line; a longer one comes in pieces


class Child:
    """`qorch` with some words, in a session of its own: it goes on when the dashboard is left, unless it is ended."""

    def __init__(self, words: Sequence[str], width: int) -> None:
        plain = {**os.environ, "COLUMNS": str(width), "TERM": "dumb", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
        self._process = Popen(
            [sys.executable, "-m", "orchestrator.cli", *words],
            stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, env=plain, start_new_session=True,
        )  # fmt: skip

    def lines(self) -> Iterator[str]:
        """What it writes, as it writes it; waits for it."""
        assert self._process.stdout is not None
        with self._process.stdout as written:
            while line := written.readline(LONGEST_BYTES):
                yield log_line(line)

    def code(self) -> int:
        """Its exit code, once it has ended."""
        return self._process.wait()

    def end(self) -> None:
        self._process.terminate()


def shown(words: Sequence[str]) -> str:
    """The command as a person would type it."""
    return shlex.join(("qorch", *words))
