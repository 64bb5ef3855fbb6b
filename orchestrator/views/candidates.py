"""The candidates of a plan as a ranked table, the best few or all."""

from __future__ import annotations

from itertools import groupby

from orchestrator.core.plan import Candidate, FitPlan
from orchestrator.views.table import GAP, indent, paragraph, wrapped_table

HEADERS = ("PROFILE", "ENGINE", "SCORE", "WHY")
BEST = 5  # rows that are shown unless all are asked for


def candidates_text(plan: FitPlan, width: int, all_: bool) -> str:
    """The table in the order of rank, and how many it leaves out."""
    rows = candidate_rows(plan.candidates if all_ else plan.candidates[:BEST])
    body = indent(wrapped_table(HEADERS, rows, width - len(GAP)))
    rest = () if all_ else plan.candidates[BEST:]
    return "\n".join(["Candidates", body, *([paragraph(_left_out(rest), width)] if rest else [])])


def candidate_rows(candidates: tuple[Candidate, ...]) -> list[tuple[str, ...]]:
    """One row a candidate that can run; the same refusal is said once."""
    grouped = groupby(candidates, key=lambda candidate: candidate.refusal or candidate.profile.name)
    return [_row(*group) for _, group in grouped]


def _left_out(rest: tuple[Candidate, ...]) -> str:
    can_run = sum(candidate.refusal is None for candidate in rest)
    return f"{len(rest)} more, of which {can_run} can run: `qorch plan --all` shows them with their reasons"


def _row(first: Candidate, *others: Candidate) -> tuple[str, ...]:
    name = f"{first.profile.name} and {len(others)} more" if others else first.profile.name
    score = "-" if first.refusal else f"{first.score:.2f}"
    return (name, first.profile.engine, score, first.refusal or _why(first))


def _why(candidate: Candidate) -> str:
    """What ranks it; steps that cost or weigh nothing are left to the data."""
    steps = [step for step in candidate.steps if step.weight > 0 and (step.value < 1 or step.name == "headroom")]
    return "; ".join(dict.fromkeys(step.why for step in steps))
