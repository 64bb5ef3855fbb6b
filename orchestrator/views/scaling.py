"""The last decision on the number of replicas, as lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.core.fleet import Scaling
from orchestrator.core.scaling.decision import DecisionStep
from orchestrator.views.units import age_text

WARNINGS = ("stuck", "told")  # steps that a person should know of, whatever came of them


def scaling_lines(scaling: Scaling, now_s: float, wide: bool) -> list[str]:
    """What was decided and why, in one line, then what is amiss; with `wide` every step."""
    if scaling.last is None:
        return [f"scaling {scaling.bounds}: nothing was decided yet"]
    age = age_text(now_s - scaling.last.at_s)
    return list(_lines(f"scaling {scaling.bounds}, {age} ago", scaling.last.decision.steps, wide))


def _lines(head: str, steps: tuple[DecisionStep, ...], wide: bool) -> Iterator[str]:
    *before, last = steps
    yield f"{head}: {_step(last)}"
    for step in before:
        if wide or step.name in WARNINGS:
            yield f"  {_step(step)}"


def _step(step: DecisionStep) -> str:
    return f"{step.name} {step.value:.4g}: {step.reason}"
