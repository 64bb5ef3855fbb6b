"""`qorch up --kube-context`: planned over the cluster, agreed to, applied; or shown as what it would change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from orchestrator.cli import compose
from orchestrator.cli.cluster import NAMES
from orchestrator.cli.compose.places import ClusterPlace
from orchestrator.cli.dry_run import DryRun
from orchestrator.cli.goals import GoalChanges
from orchestrator.cli.in_cluster import refuse_given
from orchestrator.cli.order import confirm
from orchestrator.cli.output import TerminalReporter
from orchestrator.cli.pod_order import PodOrder
from orchestrator.cli.verbs import plan as plan_verb
from orchestrator.core.errors import ExitCode
from orchestrator.core.manifests.needed import remarks
from orchestrator.core.manifests.settings import ClusterSettings
from orchestrator.core.wish import Wish

if TYPE_CHECKING:
    from orchestrator.app.cluster_fleet import ClusterFleet
    from orchestrator.app.cluster_up import ClusterUpSettings
    from orchestrator.core.fleet import Fleet
    from orchestrator.core.manifests.fleet_on_pods import FleetOnPods

CLIENTS_PORT = 8000
OF_HOSTS = {"host": "--host", "port": "--port", "weights": "--weights"}
OPTIONS = {
    "num_gateways": "--gateways",
    "redis_address": "--redis",
    "client_namespaces": "--allow-from",
    "tolerations": "--tolerate",
}
OF_CLUSTERS = {name: OPTIONS.get(name, f"--{name.replace('_', '-')}") for name in (
    *NAMES, "upgrade", "mig_strategy", "diff", "force_conflicts"
)}  # fmt: skip


@dataclass(frozen=True)
class ClusterOrder:
    """What shall run where."""

    fleet: str
    place: ClusterPlace
    wish: Wish
    plan_path: Path | None
    goal: GoalChanges
    settings: ClusterSettings


@dataclass(frozen=True)
class How:
    """How to go about it."""

    yes: bool
    dry_run: DryRun
    diff: bool
    force: bool
    wait: bool
    timeout_s: float


def require_host(ctx: click.Context) -> None:
    """Raises UsageError for what only a cluster has."""
    refuse_given(ctx, OF_CLUSTERS, "is for a cluster: --kube-context NAME")
    if ctx.params["dry_run"] is DryRun.SERVER:
        raise click.UsageError("--dry-run=server is for a cluster: --kube-context NAME", ctx)


def up_in_cluster(ctx: click.Context, order: ClusterOrder, how: How, reporter: TerminalReporter) -> None:
    """Raises QorchError; exits with 1 where a `--diff` shows that there is something to change."""
    from orchestrator.app.cluster_up import ClusterUpSettings, propose
    from orchestrator.core.manifests.changes import differ
    from orchestrator.views.changes import changes_text

    refuse_given(ctx, OF_HOSTS, "cannot be combined with --kube-context, which is about a cluster")
    fleet = compose.fleets.cluster_fleet(order.fleet, order.place)
    pods = _pods(order)
    if how.dry_run is DryRun.PLAN:
        pods.fleet(order.fleet, order.settings)
        click.echo(plan_verb.text(pods.plan))
        return
    settings = replace(order.settings, namespace=fleet.cluster.namespace)
    asked = ClusterUpSettings(settings, pods.asked, how.timeout_s, how.wait, how.force)
    shows = how.diff or how.dry_run is DryRun.SERVER
    made = partial(_made, order.fleet, pods, settings, reporter, ask=not (how.yes or shows))
    if shows:
        changes = propose(made, fleet, asked, reporter).changes
        click.echo(changes_text(changes, fields=how.diff))
        if how.diff and differ(changes):
            ctx.exit(ExitCode.ERROR)
    else:
        _up(fleet, made, asked, reporter)


def _pods(order: ClusterOrder) -> PodOrder:
    """As if the fleet that runs took nothing of the cluster."""
    made = partial(compose.plans.cluster_plan, place=order.place, fleet=order.fleet, anew=True)
    make = partial(made, tolerations=order.settings.tolerations, settings=order.settings)
    return PodOrder(order.wish, order.plan_path, order.goal, make)


def _made(name: str, pods: PodOrder, settings: ClusterSettings, reporter: TerminalReporter, ask: bool) -> FleetOnPods:
    reporter.say(plan_verb.text(pods.plan))
    made = pods.fleet(name, settings)
    for line in remarks(settings):
        reporter.say(line)
    if ask:
        confirm(pods.plan)
    return made


def _up(fleet: ClusterFleet, made: partial[FleetOnPods], asked: ClusterUpSettings, reporter: TerminalReporter) -> None:
    from orchestrator.app.cluster_up import cluster_up

    result = cluster_up(made, fleet, asked, reporter)
    if not result.changed:
        reporter.say(f"the fleet {fleet.name!r} is {fleet.where} as asked for: nothing to change")
    if result.fleet is not None:
        _tell(fleet, result.fleet, reporter)


def _tell(fleet: ClusterFleet, seen: Fleet, reporter: TerminalReporter) -> None:
    from orchestrator.core.kuberay.seen import serve_service

    click.echo(seen.endpoint)
    kubectl = f"kubectl --context {fleet.cluster.context} -n {fleet.cluster.namespace}"
    reporter.say(f"\nhere:  {kubectl} port-forward service/{serve_service(fleet.name)} {CLIENTS_PORT}")
    reporter.say(f"next:  {fleet.command('status')}")
