"""`qorch drain`."""

from __future__ import annotations

import click

from orchestrator.cli import compose, options
from orchestrator.cli.compose.places import ClusterPlace
from orchestrator.cli.in_cluster import in_cluster
from orchestrator.cli.output import TerminalReporter


@click.command("drain")
@click.argument("replica")
@options.drain_timeout
@options.fleet
@in_cluster()
@options.wait
@options.timeout
@options.quiet
def command(
    replica: str, drain_s: float, fleet: str, place: ClusterPlace | None, wait: bool, timeout_s: float, quiet: bool
) -> None:
    """Have REPLICA take no new request, finish what it answers and end its engine, until it is restarted.

    It keeps its GPUs, so that nothing else of qorch is placed there, and no other replica comes in its place.
    """
    from orchestrator.app.asked_replica import Patience
    from orchestrator.app.drain import drain

    reporter = TerminalReporter(quiet)
    running = compose.fleets.running(fleet, place)
    drain(running, replica, Patience(drain_s, timeout_s, wait), reporter)
    reporter.say(f"next:  {running.command(f'restart {replica}')}")
