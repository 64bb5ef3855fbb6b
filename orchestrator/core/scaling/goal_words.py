"""A goal by the names of the options that set it, and in words."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.core.scaling.goal import ScalingGoal

DEFAULT = ScalingGoal()


def goal_data(goal: ScalingGoal) -> dict[str, Any]:
    """By the options' names; None for what is not set, so that an order is recognised when it comes again."""
    return {
        "target-tok-s": goal.tok_s,
        "target-wait": goal.wait_s,
        "target-ttft": goal.ttft_s,
        "target-tpot": goal.tpot_s,
        "attainment": None if goal.attainment == DEFAULT.attainment else goal.attainment,
        "max-cost": goal.cost_per_hour,
        "budget": None if goal.budget is None else str(goal.budget),
        "schedule": [str(window) for window in goal.schedule] or None,
    }


def goal_options(data: Mapping[str, Any]) -> str:
    """What is set, as a person would type it."""
    values = ((name, each) for name, value in data.items() for each in (value if isinstance(value, list) else [value]))
    typed = (f"--{name} {each:g}" if isinstance(each, float) else _quoted(name, each) for name, each in values if each)
    return " ".join(typed)


def goal_text(goal: ScalingGoal) -> str:
    """For people, e.g. "900 tok/s; 99.9% of requests with a first token within 1.5 s"."""
    requests = f"{goal.attainment * 100:g}% of requests {', '.join(_of_requests(goal))}"
    return "; ".join([*_of_fleet(goal), requests])


def _quoted(name: str, value: str) -> str:
    return f"--{name} {shlex.quote(value)}"


def _of_fleet(goal: ScalingGoal) -> Iterator[str]:
    if goal.tok_s is not None:
        yield f"{goal.tok_s:,g} tok/s"
    yield from map(str, goal.schedule)
    if goal.cost_per_hour is not None:
        yield f"at most {goal.cost_per_hour:g} an hour"
    if goal.budget is not None:
        yield f"at most {goal.budget.per_hour:g} an hour with others of {goal.budget.name}"


def _of_requests(goal: ScalingGoal) -> Iterator[str]:
    if goal.ttft_s is not None:
        yield f"with a first token within {goal.ttft_s:g} s"
    if goal.wait_s is not None or goal.ttft_s is None:
        yield f"taken within {goal.longest_wait_s(0.0) if goal.wait_s is None else goal.wait_s:g} s"
    if goal.tpot_s is not None:
        yield f"with {goal.tpot_s:g} s a token"
