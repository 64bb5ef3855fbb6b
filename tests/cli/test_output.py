"""Messages and progress, on a terminal and elsewhere."""

from __future__ import annotations

import io
import sys

import pytest

from orchestrator.cli import output
from orchestrator.cli.output import FRESH_LINE, TerminalReporter, message


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Gone(Terminal):
    def write(self, text: str) -> int:
        raise OSError(5, "Input/output error")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, which only the test moves."""
    now = [100.0]
    monkeypatch.setattr(output.time, "monotonic", lambda: now[0])
    return now


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Puts one in stderr's place; pytest would take a fixture's away again."""
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    return screen


def test_without_a_terminal_progress_is_plain_lines_with_the_elapsed_time(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    reporter = TerminalReporter()
    reporter.phase("load", "engine starting")
    clock[0] += 2.5
    reporter.done("ready", "a model answers")
    assert capsys.readouterr().err == ("  .. load       0.0s  engine starting\n  ok ready      2.5s  a model answers\n")


def test_without_a_terminal_a_line_comes_when_it_says_something_new_and_at_most_once_a_second(
    clock: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    reporter = TerminalReporter()
    for after_s, detail in ((0, "a"), (0.5, "b"), (0.6, "b"), (5, "b"), (0, "c")):
        clock[0] += after_s
        reporter.phase("load", detail)
    assert [line.split()[-1] for line in capsys.readouterr().err.splitlines()] == ["a", "b", "c"]


def test_on_a_terminal_one_line_moves_and_what_is_done_stays(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = terminal(monkeypatch)
    reporter = TerminalReporter()
    reporter.phase("load", "a")
    clock[0] += 1
    reporter.phase("load", "b")
    reporter.done("ready", "c")
    assert screen.getvalue() == (
        f"{FRESH_LINE}  .. load       0.0s  a{FRESH_LINE}  .. load       1.0s  b{FRESH_LINE}  ok ready      1.0s  c\n"
    )


def test_an_error_takes_the_place_of_the_line_that_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)
    message("error: no")
    assert screen.getvalue() == f"{FRESH_LINE}error: no\n"


def test_a_dumb_terminal_is_written_to_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)
    monkeypatch.setenv("TERM", "dumb")
    TerminalReporter().phase("load", "a")
    message("b")
    assert "\x1b" not in screen.getvalue()
    assert screen.getvalue().count("\n") == 2


def test_a_line_that_moves_is_no_longer_than_the_terminal_is_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)
    monkeypatch.setenv("COLUMNS", "40")
    TerminalReporter().phase("load", "x" * 200)
    assert len(screen.getvalue().removeprefix(FRESH_LINE)) == 39


def test_quiet_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = terminal(monkeypatch)
    reporter = TerminalReporter(quiet=True)
    reporter.phase("load", "a")
    reporter.done("load", "a")
    reporter.say("a")
    assert screen.getvalue() == ""


def test_a_terminal_that_is_gone_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Gone())
    reporter = TerminalReporter()
    reporter.phase("load", "a")
    reporter.done("load", "a")
    message("error: no")
