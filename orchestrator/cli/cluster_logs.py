"""`qorch logs` in a cluster: what an engine's pod prints."""

from __future__ import annotations

from contextlib import closing

import click

from orchestrator.app.cluster_fleet import ClusterFleet
from orchestrator.cli import compose
from orchestrator.cli.compose.places import ClusterPlace
from orchestrator.cli.output import message
from orchestrator.core.errors import EnvironmentNotReady, UsageError
from orchestrator.core.kuberay.logs import printing_container
from orchestrator.core.kuberay.pod import PodSeen
from orchestrator.core.manifests.naming import Role


def show_logs(
    fleet: str, place: ClusterPlace, replica: str | None, follow: bool, tail: int | None, previous: bool
) -> None:
    """Of the pod that is named, else of the youngest engine; raises QorchError."""
    running = compose.fleets.cluster_fleet(fleet, place)
    cluster = running.cluster
    pod = _choose(cluster.pods(), replica, running)
    container = printing_container(Role(pod.role), previous)
    message(f"==> {pod.name} ({container})")
    chunks = cluster.log(pod.name, container, tail=tail, previous=previous, follow=follow)
    with closing(chunks):
        for chunk in chunks:
            click.echo(chunk, nl=False)


def _choose(pods: tuple[PodSeen, ...], name: str | None, fleet: ClusterFleet) -> PodSeen:
    known = [each for each in pods if each.role in list(Role)]
    engines = [each for each in known if each.role == Role.ENGINE.value]
    if name is None and engines:
        return engines[-1]
    if name is None:
        raise EnvironmentNotReady(f"the fleet {fleet.name!r} has no engine pods", hint=fleet.command("status"))
    found = next((each for each in known if each.name == name), None)
    if found is None:
        there = ", ".join(each.name for each in known) or "none"
        raise UsageError(f"there is no pod {name!r}; there are: {there}", hint=fleet.command("status"))
    return found
