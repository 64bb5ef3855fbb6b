"""Lines that other programs wrote, as text that cannot steer a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.views.live.span import clean

LONGEST = 4_000  # characters of a line; the rest of it is left out
TAB = 8
ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # colours and moves of the cursor
    r"|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # titles, links, the clipboard
    r"|[ -/]*[0-~])"
)


def log_line(written: bytes) -> str:
    """One line without its end: escape sequences go, other control characters are shown as their escapes.

    Of a line that was written over with carriage returns, as progress is, the last state is left.
    """
    text = ESCAPES.sub("", written[: 4 * LONGEST].decode("utf-8", "replace"))
    text = clean(text.rstrip("\r\n").rpartition("\r")[2].expandtabs(TAB))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def found(line: str, wanted: str) -> Iterator[int]:
    """Where `wanted` begins in a line; capitals matter only where it has some. Nothing is found of an empty one."""
    if wanted.islower() or wanted.lower() == wanted:
        line = line.lower() if len(line.lower()) == len(line) else line
    at = line.find(wanted) if wanted else -1
    while at >= 0:
        yield at
        at = line.find(wanted, at + len(wanted))
