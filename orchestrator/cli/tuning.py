"""`qorch simulate --tune`."""

from __future__ import annotations

import click

from orchestrator.cli.output import TerminalReporter, emit
from orchestrator.core.errors import UsageError
from orchestrator.core.scaling.compare import Course
from orchestrator.core.scaling.trial import cost_of, least_duration_s
from orchestrator.core.scaling.tune import Tuning, latest, tune
from orchestrator.views.simulation import duration
from orchestrator.views.tuning import PRESENT, PROPOSED, proposed, tuning_csv, tuning_data, tuning_text


def show_tuning(course: Course, format_: str, reporter: TerminalReporter) -> None:
    """Search for better settings, and print what was found; raises UsageError for a demand that is too short."""
    needed_s = least_duration_s(course)
    if course.demand.duration_s < needed_s:
        raise UsageError(
            f"{duration(course.demand.duration_s)} of demand are too short to tune by: {duration(needed_s)} are needed",
            hint="qorch simulate --shape diurnal --hours 48 --tune",
        )
    course = latest(course)
    found = _found(course, reporter)
    if format_ == "csv":
        click.echo(tuning_csv(found))
        return
    emit(
        format_,
        tuning_data(course, found),
        text=lambda: tuning_text(course, found),
        names=lambda: [PROPOSED if proposed(course, found) else PRESENT],
    )


def _found(course: Course, reporter: TerminalReporter) -> Tuning:
    for found in tune(course):
        outcomes = found.best.chosen_by
        worst = min(each.attainment for each in outcomes)
        reporter.phase("tune", f"{found.trials} tried; the best attains {worst:.3%} for {cost_of(outcomes):,.0f}")
    reporter.done("tune", f"{found.trials} settings tried")
    return found
