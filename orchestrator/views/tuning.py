"""Settings that were proposed: what they would have saved, and how to set them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from orchestrator.core.scaling.compare import Course
from orchestrator.core.scaling.outcome import Outcome
from orchestrator.core.scaling.trial import PARTS, Trial, cost_of
from orchestrator.core.scaling.tune import Tuning
from orchestrator.views.simulation import amount, course_text, duration, paid, priced
from orchestrator.views.simulation_data import course_data, csv_text, outcome_data
from orchestrator.views.table import indent, table

HEADERS = ("ON", "SETTINGS", "ATTAINMENT", "HOURS", "COST", "PACKED", "CHANGES", "PEAK")
COST = HEADERS.index("COST")
PRESENT, PROPOSED, CHOSEN_BY, HELD_OUT = "present", "proposed", "chosen by", "held out"


def tuning_text(course: Course, tuning: Tuning) -> str:
    """Both settings on what was held out and on what they were chosen by, and the verdict in words."""
    part_s = course.demand.duration_s / PARTS
    split = (
        f"{tuning.trials} settings were replayed; chosen by the first {duration((PARTS - 1) * part_s)}, in "
        f"{PARTS - 1} parts that each have to meet the goal;\nthe last {duration(part_s)} were held out"
    )
    rows = [HEADERS, *(_row(line) for line in _lines(tuning))]
    if not priced(course):
        rows = [(*row[:COST], *row[COST + 1 :]) for row in rows]
    parts = [course_text(course), split, table(rows[0], rows[1:]), _verdict(course, tuning)]
    if proposed(course, tuning):
        parts.append(_how(course, tuning))
    return "\n\n".join(parts)


def tuning_data(course: Course, tuning: Tuning) -> dict[str, Any]:
    """As JSON has it; `proposed` is null where the present settings are better or as good."""
    good = proposed(course, tuning)
    return {
        **course_data(course),
        "trials": tuning.trials,
        "present": _trial(tuning.present),
        "best": _trial(tuning.best),
        "proposed": settings_data(course, tuning.best) if good else None,
        "saved": _saved(tuning) if good else 0.0,
    }


def tuning_csv(tuning: Tuning) -> str:
    """A line for both settings on each part."""
    return csv_text([{"on": on, "settings": name, **outcome_data(found)} for on, name, found in _lines(tuning)])


def settings_data(course: Course, trial: Trial) -> dict[str, float]:
    """By the options of `qorch up`."""
    variants, aim = trial.settings.variants, trial.settings.attainment
    return {
        **({} if aim == course.goal.attainment else {"attainment": round(aim, 9)}),
        "min-replicas": sum(each.min_replicas for each in variants),
        "max-replicas": sum(each.max_replicas for each in variants),
    }


def proposed(course: Course, tuning: Tuning) -> bool:
    """Whether there is something better than the present settings."""
    return tuning.best is not tuning.present and tuning.holds(course.goal.attainment)


def _lines(tuning: Tuning) -> Iterable[tuple[str, str, Outcome]]:
    trials = {PRESENT: tuning.present, PROPOSED: tuning.best}
    if tuning.best is tuning.present:
        del trials[PROPOSED]
    for name, trial in trials.items():
        yield HELD_OUT, name, trial.held_out
    for number in range(PARTS - 1):
        for name, trial in trials.items():
            yield f"{CHOSEN_BY} {number + 1}", name, trial.chosen_by[number]


def _row(line: tuple[str, str, Outcome]) -> tuple[str, ...]:
    on, name, found = line
    return (
        on, name, f"{found.attainment:.3%}", amount(found.replica_hours), amount(found.cost),
        f"{found.ratio:.2f}x", f"{found.changes:,}", str(found.peak_replicas),
    )  # fmt: skip


def _verdict(course: Course, tuning: Tuning) -> str:
    present, best, goal = tuning.present.held_out, tuning.best.held_out, course.goal.attainment
    if tuning.best is tuning.present:
        return "Nothing that was tried is better than the present settings: keep them."
    before, after = (f"{each.attainment:.3%}" for each in (present, best))
    attained = f"{after}, as now" if before == after else f"{after} instead of {before}"
    if not tuning.holds(goal):
        return (
            f"What looked better is no better on what was held out: {attained}, and the {paid(course)} "
            f"{amount(best.cost)} instead of {amount(present.cost)}.\nKeep the present settings."
        )
    saved = _saved(tuning)
    verb = f"saves {saved:.1%}" if saved >= 0 else f"takes {-saved:.1%} more"
    what = f"{verb} of the {paid(course)} and attains {attained}"
    return f"On what was held out the proposal {what}; the goal is {goal:.3%}."


def _how(course: Course, tuning: Tuning) -> str:
    settings = settings_data(course, tuning.best)
    flags = " ".join(f"--{name} {value:.10g}" for name, value in settings.items())
    in_file = ", ".join(f"{name}: {value:.10g}" for name, value in settings.items())
    lines = [f"qorch up {flags}", f"up: {{{in_file}}}  # in qorch.yaml"]
    kept = {each.name for each in tuning.best.settings.variants}
    gone = [each.name for each in course.variants if each.name not in kept]
    without = "".join(f", without {name}" for name in gone)
    return "\n".join([f"set them{without}:", *(indent(line) for line in lines)])


def _saved(tuning: Tuning) -> float:
    """Share of the cost on what was held out."""
    before = tuning.present.held_out.cost
    return 1 - tuning.best.held_out.cost / before if before else 0.0


def _trial(trial: Trial) -> Mapping[str, Any]:
    bounds = {each.name: {"min": each.min_replicas, "max": each.max_replicas} for each in trial.settings.variants}
    return {
        "attainment": round(trial.settings.attainment, 9),
        "replicas": bounds,
        "chosen_by_cost": cost_of(trial.chosen_by),
        "chosen_by": [outcome_data(each) for each in trial.chosen_by],
        "held_out": outcome_data(trial.held_out),
    }
