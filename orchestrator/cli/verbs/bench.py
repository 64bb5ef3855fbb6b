"""`qorch bench`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from orchestrator.cli import compose, options
from orchestrator.cli.output import emit, message
from orchestrator.cli.versions import versions
from orchestrator.core.fit_report import FitReport


@click.group("bench")
def command() -> None:
    """Measure what runs against what was planned."""


@command.command("fit")
@options.fleet
@options.option("--api-key", metavar="KEY", help="Where the gateway asks for one.")
@options.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write a page to share, too."
)
@options.format_
def fit(fleet: str, api_key: str | None, report: Path | None, format_: str) -> None:
    """Load the fleet's one replica as its plan assumed, and compare; a large model on a CPU takes many minutes."""
    from orchestrator.views.fit_report import report_data, report_page, report_text

    found = _measured(fleet, api_key)
    emit(
        format_,
        report_data(found),
        text=lambda: report_text(found),
        names=lambda: [each.figure for each in found.comparisons],
    )
    if report is not None:
        report.write_text(report_page(found))
        message(f"written to {report}")


def _measured(fleet: str, api_key: str | None) -> FitReport:
    from orchestrator.app.bench_fit import measurable, measure

    runtime = compose.fleets.runtime(fleet)
    spec = measurable(runtime, fleet)
    message("sends requests with prompts of random words, first one at a time, then many at once")
    variant = spec.variants[0]
    comparisons = measure(runtime, fleet, compose.fleets.load_clients(spec, api_key))
    return FitReport(
        profile=variant.engine.profile,
        engine=variant.engine.engine,
        device=variant.device_name,
        max_model_len=variant.engine.max_model_len,
        max_num_seqs=variant.engine.max_num_seqs,
        measured_on=datetime.now(UTC).date().isoformat(),
        versions=versions(),
        comparisons=comparisons,
    )
