"""A fit report as text, as data, and as a page to share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from orchestrator.core.fit_report import Comparison, FitReport
from orchestrator.views.table import table
from orchestrator.views.units import seconds_text, size_text

HEADERS = ("FIGURE", "PLANNED", "MEASURED", "MEASURED / PLANNED")


def report_text(report: FitReport) -> str:
    return "\n".join([*_about(report), "", table(HEADERS, list(report_rows(report)))])


def report_data(report: FitReport) -> dict[str, Any]:
    """For `-o json|yaml`."""
    return {**asdict(report), "comparisons": [{**asdict(each), "ratio": each.ratio} for each in report.comparisons]}


def report_page(report: FitReport) -> str:
    """Markdown."""
    lines = (HEADERS, ("---",) * len(HEADERS), *report_rows(report))
    body = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    about = "  \n".join(_about(report))
    return f"# {report.profile}: the plan against the engine\n\n{about}\n\n{body}\n"


def report_rows(report: FitReport) -> Iterator[tuple[str, ...]]:
    for each in report.comparisons:
        bound = "at most " if each.at_most else ""
        yield each.figure, f"{bound}{_amount(each, each.predicted)}", _amount(each, each.measured), f"{each.ratio:.2f}"


def _about(report: FitReport) -> list[str]:
    versions = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    shape = f"{report.max_model_len:,} tokens of context, {report.max_num_seqs} sequences"
    return [f"{report.profile} on {report.engine}, {report.device}", f"{shape}; {report.measured_on}; {versions}"]


def _amount(each: Comparison, value: float) -> str:
    if each.unit == "B":
        return size_text(int(value))
    return seconds_text(value) if each.unit == "s" else f"{value:,.1f} tok/s"
