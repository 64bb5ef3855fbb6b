"""`qorch version`."""

from __future__ import annotations

import click

from orchestrator import __version__
from orchestrator.cli import options
from orchestrator.cli.output import emit
from orchestrator.cli.versions import versions


@click.command("version")
@options.format_
def command(format_: str) -> None:
    """Show the versions of qorch and what it stands on."""
    found = versions()
    lines = [f"{name:<16} {value}" for name, value in found.items()]
    emit(format_, found, text=lambda: "\n".join(lines), names=lambda: [__version__])
