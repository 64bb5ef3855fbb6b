"""What replays found out, as data."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.core.scaling.compare import CLAIRVOYANT, Course, best
from orchestrator.core.scaling.load import VariantLoad
from orchestrator.core.scaling.outcome import Outcome

Outcomes = Mapping[str, Outcome]


def simulation_data(course: Course, outcomes: Outcomes) -> dict[str, Any]:
    """As JSON has it."""
    return {
        **course_data(course),
        "best": best(outcomes, course.goal.attainment),
        "policies": [_policy(name, outcomes) for name in outcomes],
    }


def course_data(course: Course) -> dict[str, Any]:
    """What was replayed on what."""
    demand, goal = course.demand, course.goal
    return {
        "goal": {"max_wait_s": goal.max_wait_s, "attainment": goal.attainment, "budget": goal.budget},
        "demand": {
            "duration_s": demand.duration_s,
            "requests": sum(demand.requests),
            "mean_replicas": demand.mean_rate / course.variants[0].capacity,
        },
        "variants": [_variant(each) for each in course.variants],
    }


def simulation_csv(outcomes: Outcomes) -> str:
    """A line for each policy, below a header; of a mixed pool with columns for each variant."""
    return csv_text([_flat(_policy(name, outcomes)) for name in outcomes])


def csv_text(lines: Sequence[Mapping[str, Any]]) -> str:
    """Of lines with the same fields."""
    text = io.StringIO()
    writer = csv.DictWriter(text, lines[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().rstrip("\n")


def outcome_data(found: Outcome) -> dict[str, Any]:
    """Waits are empty where no replica was ready."""
    return {
        "attainment": found.attainment,
        "replica_hours": found.replica_hours,
        "cost": found.cost,
        "to_packed": found.ratio,
        "changes": found.changes,
        "wait_p50_s": _finite(found.wait_p50_s),
        "wait_p99_s": _finite(found.wait_p99_s),
        "peak_replicas": found.peak_replicas,
    }


def to_clairvoyant(found: Outcome, outcomes: Outcomes) -> float | None:
    """The cost against that of the rule that knows the future, where it was replayed."""
    known = outcomes.get(CLAIRVOYANT)
    return found.cost / known.cost if known and known.cost else None


def _policy(name: str, outcomes: Outcomes) -> dict[str, Any]:
    found = outcomes[name]
    uses = {
        use.name: {"replica_hours": use.hours, "peak_replicas": max(use.replicas, default=0)} for use in found.variants
    }
    return {
        "policy": name,
        **outcome_data(found),
        "to_clairvoyant": to_clairvoyant(found, outcomes),
        "variants": uses,
    }


def _flat(policy: Mapping[str, Any]) -> dict[str, Any]:
    uses = policy["variants"]
    line = {key: value for key, value in policy.items() if key != "variants"}
    if len(uses) > 1:
        line |= {f"{key}.{name}": value for name, use in uses.items() for key, value in use.items()}
    return line


def _variant(one: VariantLoad) -> dict[str, Any]:
    return {
        "variant": one.name,
        "capacity": one.capacity,
        "cost": one.cost,
        "cold_start_s": one.cold_start_s,
        "min_replicas": one.min_replicas,
        "max_replicas": one.max_replicas,
    }


def _finite(value: float) -> float | None:
    return None if math.isinf(value) else value
