"""`qorch plan`."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from orchestrator.cli import compose, options
from orchestrator.cli.output import emit
from orchestrator.core.plan import FitPlan, Wish


@click.command("plan")
@options.wish
@options.weights
@options.hardware
@options.format_
def command(
    profile: str,
    model: str | None,
    context: int | None,
    concurrency: int | None,
    replicas: int | None,
    weights: Path | None,
    hardware: str | None,
    format_: str,
) -> None:
    """Show what was detected, every candidate with its reasons, and what would run; changes nothing."""
    from orchestrator.app.plan import require_fit
    from orchestrator.views.plan import plan_data

    plan = compose.plan(Wish(profile, model, context, concurrency, replicas), hardware, weights)
    emit(format_, plan_data(plan), text=lambda: text(plan), names=lambda: [require_fit(plan).profile.name])
    require_fit(plan)


def text(plan: FitPlan) -> str:
    """The plan, as wide as the terminal."""
    from orchestrator.views.plan import plan_text

    return plan_text(plan, shutil.get_terminal_size((110, 24)).columns)
