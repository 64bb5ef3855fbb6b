"""The command line in a process of its own, line by line: what fails in it costs the dashboard nothing."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Callable, Sequence
from contextlib import suppress

from orchestrator.views.live.log_text import log_line

LONGEST_BYTES = 1 << 16  # of a line


def shown(words: Sequence[str]) -> str:
    """The command as a person would type it."""
    return shlex.join(("qorch", *words))


async def run(words: Sequence[str], width: int, tell: Callable[[str], None]) -> int:
    """Run `qorch` with these words, tell each line that it writes, and return its exit code.

    Its own session, so that it outlives the dashboard; it is ended where this is cancelled.
    """
    plain = {**os.environ, "COLUMNS": str(width), "TERM": "dumb", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "orchestrator.cli", *words,
        stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, env=plain, limit=LONGEST_BYTES, start_new_session=True,
    )  # fmt: skip
    assert child.stdout is not None
    try:
        while line := await _line(child.stdout):
            tell(log_line(line))
        return await child.wait()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            child.terminate()
        raise


async def _line(stream: asyncio.StreamReader) -> bytes:
    """The next line, empty at the end; of one that is too long, a piece."""
    try:
        return await stream.readuntil(b"\n")
    except asyncio.IncompleteReadError as end:
        return end.partial
    except asyncio.LimitOverrunError as long:
        return await stream.readexactly(long.consumed or 1)
