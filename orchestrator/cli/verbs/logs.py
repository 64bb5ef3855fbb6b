"""`qorch logs`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from orchestrator.cli import compose, options
from orchestrator.core.errors import EnvironmentNotReady, UsageError

FOLLOW_PERIOD_S = 0.2


@click.command("logs")
@click.argument("replica", required=False)
@options.fleet
@click.option("-f", "--follow", is_flag=True, help="Go on as the log grows.")
@click.option("--tail", type=click.IntRange(min=0), help="Only so many of the last lines.")
def command(replica: str | None, fleet: str, follow: bool, tail: int | None) -> None:
    """Show the engine's log of REPLICA (the youngest without one); a dead replica's log is kept until `down`."""
    path = _choose(compose.runtime(fleet).log_files(), replica, fleet)
    click.echo(f"==> {path.stem}", err=True)
    with path.open(encoding="utf-8", errors="replace") as log:
        lines = log.readlines()
        click.echo("".join(lines if tail is None else lines[len(lines) - tail :]), nl=False)
        while follow:
            click.echo(log.read(), nl=False)
            time.sleep(FOLLOW_PERIOD_S)


def _choose(files: dict[str, Path], replica: str | None, fleet: str) -> Path:
    if not files:
        raise EnvironmentNotReady(f"the fleet {fleet!r} has no engine logs on this host", hint="qorch status")
    if replica is None:
        return list(files.values())[-1]
    if replica not in files:
        raise UsageError(f"there is no replica {replica!r}; there are: {', '.join(files)}", hint="qorch status")
    return files[replica]
