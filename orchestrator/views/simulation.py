"""What replays found out, as a table and a plot."""

from __future__ import annotations

import math
from collections.abc import Sequence

from orchestrator.core.scaling.compare import BOUNDS, Course, best
from orchestrator.core.scaling.outcome import Outcome
from orchestrator.views.plot import bars, columns
from orchestrator.views.simulation_data import Outcomes, to_clairvoyant
from orchestrator.views.table import indent, table

HEADERS = ("POLICY", "ATTAINMENT", "HOURS", "COST", "PACKED", "CLAIRVOYANT", "CHANGES", "P99 WAIT", "PEAK", "")
VARIANT_HEADERS = ("VARIANT", "CAPACITY", "COST", "COLD START", "ALLOWED", "HOURS", "MEAN", "PEAK")
COST = HEADERS.index("COST")
PLOT_ROWS = 4


def simulation_text(course: Course, outcomes: Outcomes, width: int) -> str:
    """The table, the best in words, and demand and replicas over time."""
    chosen = best(outcomes, course.goal.attainment)
    shown = chosen or max(outcomes, key=lambda name: (name not in BOUNDS, outcomes[name].attainment))
    head = (
        f"{course_text(course)}\n{paid(course)}: of replicas, against perfect packing and a rule that knows the future"
    )
    parts = [head, _table(course, outcomes), _verdict(course, outcomes)]
    if len(course.variants) > 1:
        parts.append(_variants(course, shown, outcomes[shown]))
    return "\n\n".join([*parts, _plot(course, shown, outcomes[shown], width)])


def course_text(course: Course) -> str:
    """What is replayed, and what is aimed at."""
    demand, goal, first = course.demand, course.goal, course.variants[0]
    of = f" of {first.name}" if len(course.variants) > 1 else ""
    budget = "" if goal.budget is None else f"; all replicas cost {goal.budget:g} an hour at most"
    lines = (
        f"demand: {duration(demand.duration_s)}, {demand.mean_rate / first.capacity:.3g} replicas{of} busy on average; "
        f"cold start {_cold_starts(course)}",
        f"goal: {goal.attainment:.3%} of requests wait {goal.max_wait_s:g} s at most{budget}",
    )
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """In the largest unit of which there are two."""
    for name, length_s in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length_s:
            return f"{seconds / length_s:.3g} {name}"
    return f"{seconds:g} seconds"


def amount(value: float) -> str:
    """Whole, from a hundred on."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def priced(course: Course) -> bool:
    """Whether hours do not say what is paid."""
    return any(each.cost != 1 for each in course.variants)


def paid(course: Course) -> str:
    """What the policies are compared by."""
    return "cost" if priced(course) else "hours"


def _cold_starts(course: Course) -> str:
    least, *_, most = sorted(each.cold_start_s for each in (*course.variants, course.variants[0]))
    return f"{least:g} s" if least == most else f"{least:g} to {most:g} s"


def _table(course: Course, outcomes: Outcomes) -> str:
    chosen = best(outcomes, course.goal.attainment)
    rows = [_row(name, outcomes, _remark(name, each, course, chosen)) for name, each in outcomes.items()]
    lines = [HEADERS, *rows] if priced(course) else [_without_cost(line) for line in [HEADERS, *rows]]
    return table(lines[0], lines[1:])


def _without_cost(line: Sequence[str]) -> Sequence[str]:
    return (*line[:COST], *line[COST + 1 :])


def _row(name: str, outcomes: Outcomes, remark: str) -> Sequence[str]:
    found, against = outcomes[name], to_clairvoyant(outcomes[name], outcomes)
    wait = "never" if math.isinf(found.wait_p99_s) else f"{found.wait_p99_s:.1f} s"
    return (
        name, f"{found.attainment:.3%}", amount(found.replica_hours), amount(found.cost), f"{found.ratio:.2f}x",
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
    ratio = f"{outcomes[chosen].ratio:.2f} times the {paid(course)} of perfect packing"
    return f"{chosen} is the cheapest that meets the goal: {ratio}."


def _variants(course: Course, name: str, found: Outcome) -> str:
    """What each kind of replica is, and what one policy made of it."""
    unit, hours = course.variants[0].capacity, course.demand.duration_s / 3600
    rows = [
        (
            each.name, f"{each.capacity / unit:.3g}x", f"{each.cost:g}", f"{each.cold_start_s:g} s",
            f"{each.min_replicas}..{each.max_replicas}", amount(use.hours), f"{use.hours / hours:.3g}",
            str(max(use.replicas)),
        )
        for each, use in zip(course.variants, found.variants, strict=True)
    ]  # fmt: skip
    return f"{table(VARIANT_HEADERS, rows)}\nhours, mean and peak are those of {name}"


def _plot(course: Course, name: str, found: Outcome, width: int) -> str:
    """All on one scale of work, that of the highest."""
    demand, unit, mixed = course.demand, course.variants[0].capacity, len(course.variants) > 1
    room = min(max(10, width - 4), len(demand.work))
    wanted = [rate / demand.step_s / unit for rate in columns(demand.work, room)]
    used = [columns(use.replicas, len(wanted)) for use in found.variants]
    shares = [each.capacity / unit for each in course.variants]
    largest = max(*wanted, *(count * share for counts, share in zip(used, shares, strict=True) for count in counts))
    lines = [
        f"demand, in replicas{mixed * f' of {course.variants[0].name}'}; the highest column is {max(wanted):.3g}",
        indent("\n".join(bars(wanted, largest, PLOT_ROWS))),
    ]
    for use, counts, share in zip(found.variants, used, shares, strict=True):
        lines.append(f"replicas of {name}{mixed * f', {use.name}'}; the highest column is {max(counts):.3g}")
        lines.append(indent("\n".join(bars([count * share for count in counts], largest, PLOT_ROWS))))
    return "\n".join(line.rstrip() for line in lines)
