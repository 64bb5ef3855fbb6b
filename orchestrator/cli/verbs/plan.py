"""`qorch plan`."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from orchestrator.cli import compose, options
from orchestrator.cli.output import emit
from orchestrator.cli.wish import wish as wish_options
from orchestrator.core.plan import FitPlan, Wish


@click.command("plan")
@wish_options
@options.weights
@options.hardware
@options.option("--all", "all_", is_flag=True, help="Every candidate, not only the best few.")
@options.format_
def command(wish: Wish, weights: Path | None, hardware: str | None, all_: bool, format_: str) -> None:
    """Show what was detected, what would run and why, what it needs and gives, and what else there was.

    Changes nothing.
    """
    from orchestrator.app.plan import require_fit
    from orchestrator.views.plan_data import plan_data

    plan = compose.plan(wish, hardware, weights)
    emit(format_, plan_data(plan), text=lambda: text(plan, all_), names=lambda: [require_fit(plan).profile.name])
    require_fit(plan)


def text(plan: FitPlan, all_candidates: bool = False) -> str:
    """The plan, as wide as the terminal."""
    from orchestrator.views.plan import plan_text

    return plan_text(plan, shutil.get_terminal_size((110, 24)).columns, all_candidates)
