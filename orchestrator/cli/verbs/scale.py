"""`qorch scale`."""

from __future__ import annotations

import click

from orchestrator.cli import compose, options
from orchestrator.cli.compose.places import ClusterPlace
from orchestrator.cli.goals import GoalChanges, goal_changes
from orchestrator.cli.in_cluster import in_cluster
from orchestrator.cli.output import TerminalReporter


@click.command("scale")
@click.argument("num_replicas", metavar="N", required=False, type=click.IntRange(1, 256))
@options.option("--min", "fewest", type=click.IntRange(0, 256), help="Fewest replicas, where they follow the load.")
@options.option("--max", "most", type=click.IntRange(1, 256), help="Most replicas, where they follow the load.")
@goal_changes
@options.fleet
@in_cluster()
@options.wait
@options.timeout
@options.quiet
@click.pass_context
def command(
    ctx: click.Context,
    num_replicas: int | None,
    fewest: int | None,
    most: int | None,
    goal: GoalChanges,
    fleet: str,
    place: ClusterPlace | None,
    wait: bool,
    timeout_s: float,
    quiet: bool,
) -> None:
    """Run N engine replicas, or between --min and --max, or reach another goal with them.

    Replicas that go finish what they are answering first. A goal is taken back with none, e.g. --target-ttft none.
    """
    from orchestrator.app.scale import Asked, scale

    if (num_replicas is None) == (fewest is None and most is None and not goal):
        raise click.UsageError("either N, or --min, --max or a goal is needed", ctx)
    asked = Asked(fewest, most, goal) if num_replicas is None else Asked(num_replicas, num_replicas)
    reporter = TerminalReporter(quiet)
    running = compose.fleets.running(fleet, place)
    memory_bytes = compose.sites.memory_available_bytes() if place is None else None
    scale(running, asked, memory_bytes, timeout_s, wait, reporter)
    reporter.say(f"next:  {running.command('status')}")
