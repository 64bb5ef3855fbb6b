"""What a command prints: data on stdout in the format that was asked for, messages on stderr."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from typing import Any

import click

FORMATS = ("table", "wide", "json", "yaml", "name")


def emit(format_: str, data: Any, text: Callable[[], str]) -> None:
    """Print `data` as JSON or YAML, or the text for people."""
    if format_ == "json":
        click.echo(json.dumps(data, indent=2, default=str))
    elif format_ == "yaml":
        import yaml

        click.echo(yaml.safe_dump(json.loads(json.dumps(data, default=str)), sort_keys=False), nl=False)
    else:
        click.echo(text())


class TerminalReporter:
    """Progress on stderr: a line that moves on a TTY, plain lines with the elapsed time elsewhere."""

    def __init__(self, quiet: bool = False) -> None:
        self._quiet = quiet
        self._moves = sys.stderr.isatty()
        self._started_s = time.monotonic()
        self._shown = ("", "")
        self._shown_s = 0.0

    def say(self, text: str) -> None:
        if not self._quiet:
            click.echo(text, err=True)

    def phase(self, name: str, detail: str) -> None:
        if self._quiet or self._too_soon(name, detail):
            return
        self._shown, self._shown_s = (name, detail), time.monotonic()
        if self._moves:
            self._rewrite(f"  .. {name:<8} {self._elapsed()}  {detail}")
        else:
            click.echo(f"  .. {name:<8} {self._elapsed()}  {detail}", err=True)

    def done(self, name: str, detail: str) -> None:
        if self._quiet:
            return
        if self._moves:
            self._rewrite("")
        click.echo(f"  ok {name:<8} {self._elapsed()}  {detail}", err=True)

    def _too_soon(self, name: str, detail: str) -> bool:
        """Within a phase a line moves ten times a second; where lines pile up, one a second that says something new."""
        if self._shown[0] != name:
            return False
        since_s = time.monotonic() - self._shown_s
        return since_s < 0.1 if self._moves else since_s < 1.0 or self._shown[1] == detail

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._started_s:5.1f}s"

    def _rewrite(self, text: str) -> None:
        width = shutil.get_terminal_size().columns
        sys.stderr.write(f"\r\x1b[K{text[: width - 1]}")
        sys.stderr.flush()
