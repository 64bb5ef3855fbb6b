"""`qorch render`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from orchestrator.cli import compose, options
from orchestrator.cli.cluster import cluster_settings
from orchestrator.cli.goals import GoalChanges, goal_changes
from orchestrator.cli.output import FORMATS, emit_documents, message
from orchestrator.cli.pod_order import PodOrder
from orchestrator.cli.wish import require_no_wish
from orchestrator.cli.wish import wish as wish_options
from orchestrator.core.manifests.settings import ClusterSettings
from orchestrator.core.wish import Wish


@click.command("render")
@wish_options
@goal_changes
@options.plan
@options.hardware
@options.fleet
@cluster_settings
@options.option(
    "-o", "--output", "format_", type=click.Choice(FORMATS), default="yaml", show_default=True, help="Output format."
)
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    wish: Wish,
    goal: GoalChanges,
    plan_path: Path | None,
    hardware: str | None,
    fleet: str,
    settings: ClusterSettings,
    format_: str,
    quiet: bool,
) -> None:
    """Write the Kubernetes objects of a fleet, for `kubectl apply -f -` or Git: a RayService and what belongs to it.

    Needs no cluster and changes nothing. The plan is made for --hardware, or for nodes such as this machine, unless
    --plan has it.
    """
    from orchestrator.core.manifests.changes import object_id
    from orchestrator.core.manifests.fleet import fleet_objects

    if plan_path is not None:
        _require_plan_alone(ctx, hardware)
    order = PodOrder(wish, plan_path, goal, partial(compose.plans.pod_plan, hardware=hardware))
    objects = fleet_objects(order.fleet(fleet, settings), {each.name: each for each in order.plan.profiles})
    emit_documents(format_, objects, object_id)
    if not quiet:
        _tell(fleet, settings)


def _require_plan_alone(ctx: click.Context, hardware: str | None) -> None:
    require_no_wish(ctx)
    if hardware is not None:
        raise click.UsageError("--hardware cannot be combined with --plan, which has its own", ctx)


def _tell(fleet: str, settings: ClusterSettings) -> None:
    """What the objects need that is not in them, since it is secret or was not chosen."""
    from orchestrator.core.manifests.needed import notices

    for line in notices(fleet, settings):
        message(line)
