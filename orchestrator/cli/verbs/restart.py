"""`qorch restart`."""

from __future__ import annotations

import click

from orchestrator.cli import compose, options
from orchestrator.cli.compose.places import ClusterPlace
from orchestrator.cli.in_cluster import in_cluster
from orchestrator.cli.output import TerminalReporter


@click.command("restart")
@click.argument("replicas", metavar="REPLICA...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every replica that is not drained, one after the other.")
@options.drain_timeout
@options.fleet
@in_cluster()
@options.wait
@options.timeout
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    replicas: tuple[str, ...],
    every: bool,
    drain_s: float,
    fleet: str,
    place: ClusterPlace | None,
    wait: bool,
    timeout_s: float,
    quiet: bool,
) -> None:
    """Give each REPLICA a new engine, also one that is drained: it keeps its name and its GPUs.

    Where the host has room for both the new engine is ready before the old one goes, else the old one goes first; it
    finishes what it answers. Of several never more than one is out at a time, and the first that fails ends it.
    """
    from orchestrator.app.asked_replica import Patience
    from orchestrator.app.restart import restart

    if bool(replicas) == every:
        raise click.UsageError("either the names of replicas or --all is needed", ctx)
    reporter = TerminalReporter(quiet)
    running = compose.fleets.running(fleet, place)
    memory_available = compose.sites.memory_available_bytes if place is None else lambda: None
    restart(running, replicas, memory_available, Patience(drain_s, timeout_s, wait), reporter)
    reporter.say(f"next:  {running.command('status')}")
