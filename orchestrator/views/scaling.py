"""Decisions on the number of replicas, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from orchestrator.core.fleet import Decided, Scaling
from orchestrator.core.scaling.decision import DecisionStep
from orchestrator.core.scaling.goal_words import goal_text
from orchestrator.views.table import wrapped_table
from orchestrator.views.units import age_text, local_time

TOLD = (
    "stuck",
    "aside",
    "told",
    "target",
    "pace",
    "first token",
    "schedule",
)  # steps to know of


def scaling_lines(scaling: Scaling, now_s: float, wide: bool) -> list[str]:
    """The goal, what was decided and why, then what is amiss and the target; with `wide` every step."""
    goal = f"goal: {goal_text(scaling.goal)}"
    if scaling.last is None:
        said = f"decisions are kept {scaling.kept}" if scaling.kept else "nothing was decided yet"
        return [goal, f"scaling {scaling.bounds}: {said}"]
    age = age_text(now_s - scaling.last.at_s)
    return [goal, *_lines(f"scaling {scaling.bounds}, {age} ago", scaling.last.decision.steps, wide)]


def decisions_text(decisions: Sequence[Decided], width: int) -> str:
    """A row for each, the latest last, with the steps that it came of."""
    if not decisions:
        return "no decision has changed the number of replicas, as far as it is remembered"
    return wrapped_table(("AT", "REPLICAS", "WHY"), [_row(each) for each in decisions], width)


def decisions_data(decisions: Sequence[Decided]) -> list[dict[str, Any]]:
    """The oldest first; times are Unix times."""
    return [asdict(each) for each in decisions]


def _row(decided: Decided) -> tuple[str, str, str]:
    counts = (f"{name} {_change(decided.before.get(name), count)}" for name, count in decided.decision.replicas.items())
    return local_time(decided.at_s), ", ".join(counts), "; ".join(map(_step, decided.decision.steps))


def _change(old: int | None, new: int) -> str:
    return str(new) if old is None or old == new else f"{old} to {new}"


def _lines(head: str, steps: tuple[DecisionStep, ...], wide: bool) -> Iterator[str]:
    *before, last = steps
    yield f"{head}: {_step(last)}"
    for step in before:
        if wide or step.name in TOLD:
            yield f"  {_step(step)}"


def _step(step: DecisionStep) -> str:
    return f"{step.name} {step.value:.4g}: {step.reason}"
