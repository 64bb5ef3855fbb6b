"""`qorch plan --diff`: what would change if the plan of now took the place of the fleet that runs."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.cli import compose
from orchestrator.cli.output import emit
from orchestrator.core.errors import EnvironmentNotReady, ExitCode
from orchestrator.core.fleet import command
from orchestrator.core.wish import Wish


def show_diff(ctx: click.Context, wish: Wish, weights: Path | None, fleet: str, format_: str) -> None:
    """Exit 1 when they differ; raises EnvironmentNotReady where there is no fleet to compare with."""
    from orchestrator.app.plan import require_fit
    from orchestrator.core.plan_diff import plan_differences
    from orchestrator.core.scaled import as_seen
    from orchestrator.views.plan_diff import diff_data, diff_text

    runtime = compose.fleets.runtime(fleet)
    running = runtime.deployed()
    if running is None:
        raise EnvironmentNotReady(
            f"no fleet {fleet!r} runs on this host, so all of a plan would be new", hint=command("up", fleet)
        )
    plan = compose.plans.plan_beside(as_seen(running, runtime.observe()), wish, weights)
    require_fit(plan)
    found = plan_differences(running, plan)
    emit(
        format_,
        diff_data(fleet, found),
        text=lambda: diff_text(fleet, found),
        names=lambda: [each.name for each in found],
    )
    if found:
        ctx.exit(ExitCode.ERROR)
