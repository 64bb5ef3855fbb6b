"""What a command prints: data on stdout in the format that was asked for, messages on stderr."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import click

FORMATS = ("table", "wide", "json", "yaml", "name")
FRESH_LINE = "\r\x1b[K"
WHERE_UNKNOWN = (110, 24)  # columns and lines, of what is no terminal


def emit(format_: str, data: Any, text: Callable[[], str], names: Callable[[], Iterable[str]]) -> None:
    """Print `data` as JSON or YAML, the names alone, or the text for people."""
    if format_ == "json":
        click.echo(json.dumps(data, indent=2, default=str))
    elif format_ == "yaml":
        emit_yaml(data)
    elif format_ == "name":
        click.echo("".join(f"{name}\n" for name in names()), nl=False)
    else:
        click.echo(text())


def emit_documents(format_: str, objects: Sequence[Mapping[str, Any]], name: Callable[[Any], str]) -> None:
    """Print objects of Kubernetes as one List in JSON, as names, or as YAML documents, which are for people too."""
    if format_ == "json":
        click.echo(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}, indent=2))
    elif format_ == "name":
        click.echo("".join(f"{name(each)}\n" for each in objects), nl=False)
    else:
        from orchestrator.cli.documents import yaml_documents

        click.echo(yaml_documents(objects), nl=False)


def emit_yaml(data: Any) -> None:
    """One document, in the order that the data is in."""
    import yaml

    click.echo(yaml.safe_dump(json.loads(json.dumps(data, default=str)), sort_keys=False), nl=False)


def message(text: str) -> None:
    """A line for people, in the place of one that moves; a terminal that is gone is told nothing."""
    with suppress(OSError):
        click.echo(f"{FRESH_LINE}{text}" if _lines_move() else text, err=True)


def terminal_width() -> int:
    return shutil.get_terminal_size(WHERE_UNKNOWN).columns


class TerminalReporter:
    """Progress on stderr: a line that moves on a TTY, plain lines with the elapsed time elsewhere."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._moves = _lines_move()
        self._started_s: float | None = None  # at the first phase, so that thinking about the plan does not count
        self._shown = ("", "")
        self._shown_s = 0.0

    def say(self, text: str) -> None:
        if not self._quiet:
            message(text)

    def phase(self, name: str, detail: str) -> None:
        if self._quiet or self._too_soon(name, detail):
            return
        self._shown, self._shown_s = (name, detail), time.monotonic()
        line = self._line("..", name, detail)
        if self._moves:
            _rewrite(line)
        else:
            message(line)

    def done(self, name: str, detail: str) -> None:
        self.say(self._line("ok", name, detail))

    def _line(self, mark: str, name: str, detail: str) -> str:
        now_s = time.monotonic()
        if self._started_s is None:
            self._started_s = now_s
        return f"  {mark} {name:<8} {now_s - self._started_s:5.1f}s  {detail}"

    def _too_soon(self, name: str, detail: str) -> bool:
        """Within a phase a line moves ten times a second; where lines pile up, one a second that says something new."""
        if self._shown[0] != name:
            return False
        since_s = time.monotonic() - self._shown_s
        return since_s < 0.1 if self._moves else since_s < 1.0 or self._shown[1] == detail


def _lines_move() -> bool:
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _rewrite(line: str) -> None:
    width = shutil.get_terminal_size().columns
    with suppress(OSError):
        click.echo(f"{FRESH_LINE}{line[: width - 1]}", nl=False, err=True)
