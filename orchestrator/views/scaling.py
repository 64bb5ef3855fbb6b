"""The last decision on the number of replicas, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from orchestrator.core.fleet import Decided, Scaling
from orchestrator.core.scaling.decision import DecisionStep
from orchestrator.core.scaling.goal_words import goal_text
from orchestrator.views.table import wrapped_table
from orchestrator.views.units import age_text

TOLD = ("stuck", "told", "target", "pace", "first token", "schedule")  # steps to know of, whatever came of them


def scaling_lines(scaling: Scaling, now_s: float, wide: bool) -> list[str]:
    """The goal, what was decided and why, then what is amiss and the target; with `wide` every step."""
    goal = f"goal: {goal_text(scaling.goal)}"
    if scaling.last is None:
        return [goal, f"scaling {scaling.bounds}: nothing was decided yet"]
    age = age_text(now_s - scaling.last.at_s)
    return [goal, *_lines(f"scaling {scaling.bounds}, {age} ago", scaling.last.decision.steps, wide)]


def decisions_text(decisions: Sequence[Decided], now_s: float, width: int) -> str:
    """A row for each, the latest first, with the steps that it came of."""
    if not decisions:
        return "no decision has changed the number of replicas yet"
    before = [None, *decisions[:-1]]
    rows = [_row(each, earlier, now_s) for each, earlier in zip(decisions, before, strict=True)]
    return wrapped_table(("AGE", "REPLICAS", "WHY"), rows[::-1], width)


def decisions_data(decisions: Sequence[Decided]) -> list[dict[str, Any]]:
    """The oldest first; times are Unix times."""
    return [asdict(each) for each in decisions]


def _row(decided: Decided, earlier: Decided | None, now_s: float) -> tuple[str, str, str]:
    old = earlier.decision.replicas if earlier else {}
    counts = (f"{name} {_change(old.get(name), count)}" for name, count in decided.decision.replicas.items())
    why = "; ".join(map(_step, decided.decision.steps))
    return age_text(now_s - decided.at_s), ", ".join(counts), why


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
