"""`qorch plan`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
from click.core import ParameterSource

from orchestrator.cli import compose, options
from orchestrator.cli.cluster import tolerations as tolerations_option
from orchestrator.cli.output import emit, terminal_width
from orchestrator.cli.plan_diff import show_diff
from orchestrator.cli.wish import wish as wish_options
from orchestrator.core.cluster.toleration import Toleration
from orchestrator.core.plan import FitPlan
from orchestrator.core.wish import Wish


@click.command("plan")
@wish_options
@options.weights
@options.hardware
@options.kube_context
@options.kubeconfig
@options.namespace
@tolerations_option
@options.option("--all", "all_", is_flag=True, help="Every candidate, not only the best few.")
@options.option("--explain", metavar="PROFILE", help="One candidate with all its arithmetic, instead of the plan.")
@options.option("--diff", is_flag=True, help="Compare with the fleet that runs: exit 1 when they differ.")
@options.fleet
@options.format_
@click.pass_context
def command(
    ctx: click.Context,
    wish: Wish,
    weights: Path | None,
    hardware: str | None,
    kube_context: str | None,
    kubeconfig: Path | None,
    namespace: str | None,
    tolerations: tuple[Toleration, ...],
    all_: bool,
    explain: str | None,
    diff: bool,
    fleet: str,
    format_: str,
) -> None:
    """Show what was detected, what would run and why, what it needs and gives, and what else there was.

    Changes nothing. Over a cluster it plans on what is free there; with --fleet NAME also on what the pods of that
    fleet have, whose place the plan would take.
    """
    of_cluster = {"--kube-context": kube_context, "--kubeconfig": kubeconfig}
    if diff:
        _refuse_beside(
            ctx, {"--hardware": hardware, **of_cluster, "--explain": explain}, "--diff", "this machine's fleet"
        )
        show_diff(ctx, wish, weights, fleet, format_)
        return
    if any(of_cluster.values()):
        _refuse_beside(ctx, {"--hardware": hardware, "--weights": weights}, "--kube-context", "a cluster")
        anew = ctx.get_parameter_source("fleet") is not ParameterSource.DEFAULT
        place = compose.places.ClusterPlace(kubeconfig, kube_context, namespace)
        plan = compose.plans.cluster_plan(wish, place, fleet, anew=anew, tolerations=tolerations)
    else:
        _require_cluster(ctx, "namespace", "tolerations")
        plan = compose.plans.plan(wish, hardware, weights)
    if explain is not None:
        _explain(plan, explain, format_)
    else:
        _show(plan, all_, format_)


def _refuse_beside(ctx: click.Context, others: Mapping[str, object], beside: str, about: str) -> None:
    if given := [name for name, value in others.items() if value is not None]:
        raise click.UsageError(f"{given[0]} cannot be combined with {beside}, which is about {about}", ctx)


def _require_cluster(ctx: click.Context, *names: str) -> None:
    """Refuses what was given on the command line and is of clusters alone."""
    for name in names:
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            (flag,) = (param.opts[-1] for param in ctx.command.params if param.name == name)
            raise click.UsageError(f"{flag} is of a cluster, which --kube-context or --kubeconfig names", ctx)


def _show(plan: FitPlan, all_candidates: bool, format_: str) -> None:
    """The plan; raises as `require_fit` does where nothing can run."""
    from orchestrator.app.plan import require_fit
    from orchestrator.views.plan_data import plan_data

    emit(
        format_,
        plan_data(plan),
        text=lambda: text(plan, all_candidates),
        names=lambda: [require_fit(plan).profile.name],
    )
    require_fit(plan)


def _explain(plan: FitPlan, name: str, format_: str) -> None:
    from orchestrator.core.request import candidate_named
    from orchestrator.views.explain import explain_data, explain_text

    found = candidate_named(plan, name)
    emit(
        format_,
        explain_data(plan, found),
        text=lambda: explain_text(plan, found, terminal_width()),
        names=lambda: [found.profile.name],
    )


def text(plan: FitPlan, all_candidates: bool = False) -> str:
    """The plan, as wide as the terminal."""
    from orchestrator.views.plan import plan_text

    return plan_text(plan, terminal_width(), all_candidates)
