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

import pytest

ESCAPES = re.compile(rb"\x1b\[[0-9;?<>=]*[a-zA-Z]|\x1b[()][A-Z0-9]|\x1b[=>]")
PROGRAM = """
from tests.tui.driving import GivenFeed
from tests.tui.fleets import FLEET
from tui.app import TopApp
TopApp(GivenFeed(FLEET), 1e6, None).run()
"""


class Terminal:
    """A program in a terminal of 200 columns and 50 lines."""

    def __init__(self) -> None:
        self.pid, self._fd = pty.fork()
        if not self.pid:
            os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
            os.execv(sys.executable, [sys.executable, "-c", PROGRAM])
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        self.written = b""

    def press(self, keys: str) -> None:
        os.write(self._fd, keys.encode())

    def until(self, text: str) -> None:
        """Read until the program has written this, colours and moves of the cursor left out."""
        while text.encode() not in ESCAPES.sub(b"", self.written):
            self.written += self._read()
        self.written = b""

    def end(self) -> int:
        """What is left, and the exit code."""
        while piece := self._read():
            self.written += piece
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _read(self) -> bytes:
        try:
            return os.read(self._fd, 1 << 16)
        except OSError:  # as Linux says that the other side is closed
            return b""


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    opened = Terminal()
    yield opened
    try:
        os.kill(opened.pid, signal.SIGKILL)
        os.waitpid(opened.pid, 0)
    except (ProcessLookupError, ChildProcessError):
        return


def test_keys_work_in_a_real_terminal_and_leave_it_as_it_was(terminal: Terminal) -> None:
    terminal.until("cccc3333")
    terminal.press("?")
    terminal.until("This screen")
    terminal.press("\x1b")
    terminal.until("REPLICA")
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
