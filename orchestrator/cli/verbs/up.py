"""`qorch up`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from orchestrator.cli import compose, options
from orchestrator.cli.cluster import cluster_settings
from orchestrator.cli.cluster_up import ClusterOrder, How, require_host, up_in_cluster
from orchestrator.cli.dry_run import DryRun, dry_run
from orchestrator.cli.goals import GoalChanges, goal_changes
from orchestrator.cli.in_cluster import place
from orchestrator.cli.order import Asked
from orchestrator.cli.output import TerminalReporter
from orchestrator.cli.wish import require_no_wish
from orchestrator.cli.wish import wish as wish_options
from orchestrator.core.fleet import Fleet, FleetPhase
from orchestrator.core.fleet import command as command_for
from orchestrator.core.manifests.settings import ClusterSettings
from orchestrator.core.wish import Wish


@click.command("up")
@wish_options
@goal_changes
@options.plan
@options.weights
@options.fleet
@options.host
@options.port
@options.kube_context
@options.kubeconfig
@cluster_settings
@options.option("-y", "--yes", is_flag=True, help="Do not ask.")
@dry_run
@options.option("--diff", is_flag=True, help="In a cluster: show what would change, and exit 1 when anything would.")
@options.option("--force-conflicts", is_flag=True, help="In a cluster: take fields that others own.")
@options.wait
@options.timeout
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    wish: Wish,
    goal: GoalChanges,
    plan_path: Path | None,
    weights: Path | None,
    fleet: str,
    host: str,
    port: int,
    kube_context: str | None,
    kubeconfig: Path | None,
    settings: ClusterSettings,
    yes: bool,
    dry_run: DryRun,
    diff: bool,
    force_conflicts: bool,
    wait: bool,
    timeout_s: float,
    quiet: bool,
) -> None:
    """Detect the hardware, choose a profile, deploy it, and return when the model answers a completion.

    The fleet stays up in the background. Run it again and nothing changes. With --kube-context it is deployed into a
    cluster that has KubeRay, as the objects that `qorch render` writes.
    """
    if plan_path is not None:
        require_no_wish(ctx)
    where = place(kubeconfig, kube_context, settings.namespace)
    if where is not None:
        how = How(yes, dry_run, diff, force_conflicts, wait, timeout_s)
        up_in_cluster(ctx, ClusterOrder(fleet, where, wish, plan_path, goal, settings), how, TerminalReporter(quiet))
        return
    require_host(ctx)
    asked = Asked(wish, weights, host, port, None if plan_path is None else compose.plans.read_plan(plan_path), goal)
    if dry_run is DryRun.PLAN:
        asked.show_plan()
    else:
        _up_here(asked, fleet, yes, timeout_s, wait, TerminalReporter(quiet))


def _up_here(asked: Asked, fleet: str, yes: bool, timeout_s: float, wait: bool, reporter: TerminalReporter) -> None:
    from orchestrator.app.up import UpSettings, up

    keys = compose.stores.key_store()
    has_keys = bool(keys.read().active)
    settings = UpSettings(asked.endpoint(has_keys), str(keys.path), asked.data, timeout_s, wait, asked.scaling_goal)
    result = up(partial(asked.order, reporter, ask=not yes), compose.fleets.runtime(fleet), settings, reporter)
    if not result.changed:
        reporter.say(f"the fleet {fleet!r} runs already, as asked for: nothing to change")
    if result.fleet is not None:
        _tell(result.fleet, reporter, has_keys)


def _tell(fleet: Fleet, reporter: TerminalReporter, has_keys: bool) -> None:
    click.echo(fleet.endpoint)
    if fleet.phase in (FleetPhase.READY, FleetPhase.IDLE):
        reporter.say(f"\ntry:   {_curl(fleet, has_keys)}")
        reporter.say(f"next:  {command_for('status', fleet.name)}")
    else:
        reporter.say(f"next:  {command_for('status --watch', fleet.name)}")


def _curl(fleet: Fleet, has_keys: bool) -> str:
    key = ' -H "Authorization: Bearer $QORCH_API_KEY"' if has_keys else ""
    body = f'{{"model": "{fleet.model}", "messages": [{{"role": "user", "content": "Hello"}}], "max_tokens": 32}}'
    return f"curl {fleet.endpoint}/chat/completions{key} -d '{body}'"
