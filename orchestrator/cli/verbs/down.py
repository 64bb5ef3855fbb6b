"""`qorch down`."""

from __future__ import annotations

import click

from orchestrator.cli import compose, options
from orchestrator.cli.compose.places import ClusterPlace
from orchestrator.cli.in_cluster import in_cluster
from orchestrator.cli.output import TerminalReporter
from orchestrator.core.amounts import counted
from orchestrator.core.manifests.naming import object_name


@click.command("down")
@options.fleet
@in_cluster()
@options.quiet
def command(fleet: str, place: ClusterPlace | None, quiet: bool) -> None:
    """Take the fleet down: replicas finish what they answer, then every process, port and file of it goes.

    In a cluster its objects go; its Secret and a volume of weights stay.
    """
    reporter = TerminalReporter(quiet)
    if place is None:
        _down_here(fleet, reporter)
    else:
        _down_there(fleet, place, reporter)


def _down_there(name: str, place: ClusterPlace, reporter: TerminalReporter) -> None:
    from orchestrator.app.cluster_down import cluster_down

    fleet = compose.fleets.cluster_fleet(name, place)
    where = f"{fleet.cluster.namespace} of {fleet.cluster.context}"
    removed = cluster_down(fleet, reporter)
    if removed:
        for each in removed:
            reporter.say(f"     {each}")
        reporter.done("down", f"{counted(len(removed), 'object')} removed from {where}")
        reporter.say(f"its pods end by themselves; the Secret {object_name(name)} stays, and so do volumes of weights")
    else:
        reporter.say(f"there is no fleet {name!r} in {where}: nothing to do")


def _down_here(fleet: str, reporter: TerminalReporter) -> None:
    runtime = compose.fleets.runtime(fleet)
    with runtime.locked("down"):
        reporter.phase("down", "replicas finish what they are answering")
        removal = runtime.remove()
    if removal.existed:
        reporter.done("down", f"{removal.processes_ended} processes ended; weights stay in the cache")
    else:
        reporter.say(f"there is no fleet {fleet!r} on this host: nothing to do")
