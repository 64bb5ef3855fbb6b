"""The dashboard in a real terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
from collections.abc import Iterator
from contextlib import suppress

import pytest

ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[a-zA-Z]|\x1b[()][A-Z0-9]|\x1b[=>]")
SHOWN = """
from tests.tui.driving import GivenFeed
from tests.tui.fleets import FLEET
from tui.app import TopApp
TopApp(GivenFeed(FLEET), 1e6, None).run()
"""
STILL = """
from dataclasses import replace
from tests.tui.driving import GivenFeed
from tests.tui.fleets import AT_S, FLEET, row
from tui.app import TopApp
class Still(GivenFeed):
    looks = 0
    def look(self):
        self.looks += 1
        name = "began" if self.looks < 70 else "still" if self.looks < 90 else "other"
        rows = (row("aaaa1111", started_at_s=AT_S - 2041),)
        return replace(FLEET, at_s=AT_S + self.looks, fleet=name, replicas=rows, events=(), decisions=(), sources=())
TopApp(Still(FLEET), 0.01, None).run()
"""

SEVERAL = """
from tests.tui.several import fleets
from tui.fleets_app import FleetsApp
FleetsApp(fleets(), fleets, 1e6).run()
"""


class Terminal:
    """A program in a terminal of 200 columns and 50 lines."""

    def __init__(self, program: str = SHOWN) -> None:
        self.pid, self._fd = pty.fork()
        if not self.pid:
            os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": "200", "LINES": "50"}
            os.execv(sys.executable, [sys.executable, "-c", program])
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        self.written = b""

    def press(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def until(self, text: str) -> None:
        """Read until the program has written this, colours and moves of the cursor left out."""
        while text.encode() not in ESCAPES.sub(b"", self.written):
            self.written += self._read()
        self.written = b""

    def between(self, first: str, second: str) -> str:
        """What is written from one text to another, colours and moves of the cursor left out."""
        while second.encode() not in ESCAPES.sub(b"", self.written):
            self.written += self._read()
        return ESCAPES.sub(b"", self.written).decode().rpartition(second)[0].partition(first)[2]

    def end(self) -> int:
        """What is left, and the exit code."""
        while piece := self._read():
            self.written += piece
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def kill(self) -> None:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    def _read(self) -> bytes:
        try:
            return os.read(self._fd, 1 << 16)
        except OSError:  # as Linux says that the other side is closed
            return b""


@pytest.fixture
def terminal(request: pytest.FixtureRequest) -> Iterator[Terminal]:
    opened = Terminal(getattr(request, "param", SHOWN))
    yield opened
    opened.kill()


def test_keys_work_in_a_real_terminal_and_leave_it_as_it_was(terminal: Terminal) -> None:
    terminal.until("cccc3333")
    terminal.press("?")
    terminal.until("This screen")
    terminal.press("\x1b")
    terminal.until("cccc3333")
    terminal.press("c")
    terminal.until("copied")
    terminal.press(":hosts\r")
    terminal.until("hosts and GPUs")
    terminal.press("q")
    assert terminal.end() == 0
    assert b"\x1b[?1049l" in terminal.written, "the screen that was there before is back"


def test_what_is_copied_goes_to_the_terminals_clipboard(terminal: Terminal) -> None:
    terminal.until("cccc3333")
    terminal.press("c")
    terminal.until("\x1b]52;c;Y2NjYzMzMzM")  # cccc3333
    terminal.press("q")
    assert terminal.end() == 0


def test_looks_that_find_nothing_new_write_nothing() -> None:
    """Replicas are 34 minutes old, trends are full, and of twenty looks only the last finds another name."""
    shown = Terminal(STILL)
    try:
        line = shown.between("still", "other")
    finally:
        shown.kill()
    assert len(line) == 200 - len("still"), "the rest of the head's first line is all that was written in between"


@pytest.mark.parametrize("terminal", [SEVERAL], indirect=True)
def test_several_fleets_are_gone_through_in_a_real_terminal(terminal: Terminal) -> None:
    terminal.until("▲ degraded")
    terminal.press("G\r")
    terminal.until("chat  ● Ready")
    terminal.press("\t")
    terminal.until("chat  ✖ Unavailable")
    terminal.press("\x1b")
    terminal.until("6 fleets")
    terminal.press(":fleet nightly\r")
    terminal.until("nightly  ● Idle")
    terminal.press("q")
    assert terminal.end() == 0
