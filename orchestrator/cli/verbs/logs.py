"""`qorch logs`."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli import compose, options
from orchestrator.cli.cluster_logs import show_logs
from orchestrator.cli.compose.places import ClusterPlace
from orchestrator.cli.follow import growth, last_lines
from orchestrator.cli.in_cluster import in_cluster
from orchestrator.cli.output import message
from orchestrator.core.errors import EnvironmentNotReady, UsageError
from orchestrator.core.fleet import command as command_for


@click.command("logs")
@click.argument("replica", required=False)
@options.fleet
@in_cluster()
@options.option("-f", "--follow", is_flag=True, help="Go on as the log grows.")
@options.option("--tail", type=click.IntRange(min=0), help="Only so many of the last lines.")
@options.option("--previous", is_flag=True, help="In a cluster: of Ray's container before it ended last.")
def command(
    replica: str | None, fleet: str, place: ClusterPlace | None, follow: bool, tail: int | None, previous: bool
) -> None:
    """Show the engine's log of REPLICA (the youngest without one); a dead replica's log is kept until `down`.

    In a cluster a replica is a pod, and its log goes with it.
    """
    if place is not None:
        show_logs(fleet, place, replica, follow, tail, previous)
        return
    if previous:
        raise UsageError("--previous is for a cluster: --kube-context NAME", hint=command_for("logs", fleet))
    path = _choose(compose.fleets.runtime(fleet).log_files(), replica, fleet)
    message(f"==> {path.stem}")
    with path.open("rb") as log:
        for line in last_lines(log, tail):
            click.echo(line, nl=False)
        if follow:
            for more in growth(log, path):
                click.echo(more, nl=False)
            message(f"==> {path.stem} has been removed")


def _choose(files: dict[str, Path], replica: str | None, fleet: str) -> Path:
    if not files:
        raise EnvironmentNotReady(
            f"the fleet {fleet!r} has no engine logs on this host", hint=command_for("status", fleet)
        )
    if replica is None:
        return list(files.values())[-1]
    if replica not in files:
        raise UsageError(
            f"there is no replica {replica!r}; there are: {', '.join(files)}", hint=command_for("status", fleet)
        )
    return files[replica]
