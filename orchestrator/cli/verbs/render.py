"""`qorch render`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from orchestrator.cli import compose, options
from orchestrator.cli.cluster import cluster_settings
from orchestrator.cli.goals import GoalChanges, goal_changes
from orchestrator.cli.output import FORMATS, emit_documents, message
from orchestrator.cli.wish import require_no_wish
from orchestrator.cli.wish import wish as wish_options
from orchestrator.core.manifests.settings import ClusterSettings
from orchestrator.core.plan import FitPlan
from orchestrator.core.scaling.goal import ScalingGoal
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
    from orchestrator.app.plan import require_reached
    from orchestrator.core.manifests.fleet import manifests

    plan = compose.pod_plan(wish, hardware) if plan_path is None else _written(ctx, plan_path, hardware)
    require_reached(plan, asked := ScalingGoal(**goal), bool(goal))
    emit_documents(format_, manifests(fleet, plan, asked, settings, compose.gpu_table()), _name)
    if not quiet:
        _tell(fleet, settings)


def _written(ctx: click.Context, path: Path, hardware: str | None) -> FitPlan:
    require_no_wish(ctx)
    if hardware is not None:
        raise click.UsageError("--hardware cannot be combined with --plan, which has its own", ctx)
    return compose.planned_for_pods(path)


def _name(each: dict[str, Any]) -> str:
    """As `kubectl -o name` writes it."""
    group = each["apiVersion"].rpartition("/")[0]
    kind = each["kind"].lower() + (f".{group}" if group else "")
    return f"{kind}/{each['metadata']['name']}"


def _tell(fleet: str, settings: ClusterSettings) -> None:
    """What the objects need that is not in them, since it is secret or was not chosen."""
    from orchestrator.core.manifests.needed import notices

    for line in notices(fleet, settings):
        message(line)
