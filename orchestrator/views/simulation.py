"""What replays found out, as a table, a plot, and data."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.core.scaling.compare import BOUNDS, CLAIRVOYANT, Course, best
from orchestrator.core.scaling.outcome import Outcome
from orchestrator.views.plot import bars, columns
from orchestrator.views.table import indent, table

HEADERS = ("POLICY", "ATTAINMENT", "HOURS", "PACKED", "CLAIRVOYANT", "CHANGES", "P99 WAIT", "PEAK", "")
PLOT_ROWS = 4
Outcomes = Mapping[str, Outcome]


def simulation_text(course: Course, outcomes: Outcomes, width: int) -> str:
    """The table, the best in words, and demand and replicas over time."""
    chosen = best(outcomes, course.goal.attainment)
    shown = chosen or max(outcomes, key=lambda name: (name not in BOUNDS, outcomes[name].attainment))
    parts = [_head(course), table(HEADERS, _rows(course, outcomes)), _verdict(course, outcomes)]
    return "\n\n".join([*parts, _plot(course, shown, outcomes[shown], width)])


def simulation_data(course: Course, outcomes: Outcomes) -> dict[str, Any]:
    """As JSON has it."""
    demand, goal, variant = course.demand, course.goal, course.variant
    return {
        "goal": {"max_wait_s": goal.max_wait_s, "attainment": goal.attainment},
        "demand": {
            "duration_s": demand.duration_s,
            "requests": sum(demand.requests),
            "mean_replicas": demand.mean_rate / variant.capacity,
        },
        "replica": {"capacity": variant.capacity, "cold_start_s": variant.cold_start_s},
        "min_replicas": variant.min_replicas,
        "max_replicas": variant.max_replicas,
        "best": best(outcomes, goal.attainment),
        "policies": [_data(name, outcomes) for name in outcomes],
    }


def simulation_csv(outcomes: Outcomes) -> str:
    """A line for each policy, below a header."""
    lines = [_data(name, outcomes) for name in outcomes]
    text = io.StringIO()
    writer = csv.DictWriter(text, lines[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().rstrip("\n")


def _data(name: str, outcomes: Outcomes) -> dict[str, Any]:
    """Waits are empty where no replica was ready."""
    found = outcomes[name]
    return {
        "policy": name,
        "attainment": found.attainment,
        "replica_hours": found.replica_hours,
        "hours_to_packed": found.ratio,
        "hours_to_clairvoyant": _to_clairvoyant(found, outcomes),
        "changes": found.changes,
        "wait_p50_s": _finite(found.wait_p50_s),
        "wait_p99_s": _finite(found.wait_p99_s),
        "peak_replicas": found.peak_replicas,
    }


def _head(course: Course) -> str:
    demand, goal, variant = course.demand, course.goal, course.variant
    lines = (
        f"demand: {_duration(demand.duration_s)}, {demand.mean_rate / variant.capacity:.3g} replicas busy on average; "
        f"cold start {variant.cold_start_s:g} s",
        f"goal: {goal.attainment:.3%} of requests wait {goal.max_wait_s:g} s at most",
        "hours: of replicas, against perfect packing and against a rule that knows the future",
    )
    return "\n".join(lines)


def _rows(course: Course, outcomes: Outcomes) -> list[Sequence[str]]:
    chosen = best(outcomes, course.goal.attainment)
    return [_row(name, outcomes, _remark(name, each, course, chosen)) for name, each in outcomes.items()]


def _row(name: str, outcomes: Outcomes, remark: str) -> Sequence[str]:
    found, against = outcomes[name], _to_clairvoyant(outcomes[name], outcomes)
    wait = "never" if math.isinf(found.wait_p99_s) else f"{found.wait_p99_s:.1f} s"
    return (
        name, f"{found.attainment:.3%}", f"{found.replica_hours:,.0f}", f"{found.ratio:.2f}x",
        "-" if against is None else f"{against:.2f}x", f"{found.changes:,}", wait, str(found.peak_replicas), remark,
    )  # fmt: skip


def _remark(name: str, found: Outcome, course: Course, chosen: str | None) -> str:
    if name in BOUNDS:
        return BOUNDS[name]
    if name == chosen:
        return "best that meets the goal"
    return "" if found.attainment >= course.goal.attainment else "misses the goal"


def _verdict(course: Course, outcomes: Outcomes) -> str:
    chosen = best(outcomes, course.goal.attainment)
    if chosen is None:
        return f"None of them meets the goal of {course.goal.attainment:.3%}."
    found = outcomes[chosen]
    return f"{chosen} is the cheapest that meets the goal: {found.ratio:.2f} times the hours of perfect packing."


def _plot(course: Course, name: str, found: Outcome, width: int) -> str:
    """Both on one scale, that of the higher one."""
    demand = course.demand
    room = min(max(10, width - 4), len(demand.work))
    wanted = [rate / demand.step_s / course.variant.capacity for rate in columns(demand.work, room)]
    replicas = columns(found.replicas, len(wanted))
    largest = max(*wanted, *replicas)
    drawn = [
        f"demand, in replicas; the highest column is {max(wanted):.3g}",
        indent("\n".join(bars(wanted, largest, PLOT_ROWS))),
        f"replicas of {name}; the highest column is {max(replicas):.3g}",
        indent("\n".join(bars(replicas, largest, PLOT_ROWS))),
    ]
    return "\n".join(line.rstrip() for line in drawn)


def _to_clairvoyant(found: Outcome, outcomes: Outcomes) -> float | None:
    known = outcomes.get(CLAIRVOYANT)
    return found.cost / known.cost if known and known.cost else None


def _finite(value: float) -> float | None:
    return None if math.isinf(value) else value


def _duration(seconds: float) -> str:
    for name, length_s in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length_s:
            return f"{seconds / length_s:.3g} {name}"
    return f"{seconds:g} seconds"
