"""One replay of qorch's rule with settings that are tried: on parts of the demand to choose by, and on one held out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from orchestrator.core.scaling.compare import Course, course, own
from orchestrator.core.scaling.load import VariantLoad
from orchestrator.core.scaling.outcome import Outcome
from orchestrator.core.scaling.replay import replay_in_parts

PARTS = 3  # as long as each other, one after the other; the last is held out
LEAST_LOOKS = 30  # of a part


@dataclass(frozen=True)
class Settings:
    """What a user can set, whatever the goal is: the share that is aimed at, and the replicas that there may be."""

    attainment: float
    variants: tuple[VariantLoad, ...]


@dataclass(frozen=True)
class Trial:
    """What settings came to."""

    settings: Settings
    chosen_by: tuple[Outcome, ...]
    held_out: Outcome


def tried(settings: Settings, on: Course) -> Trial:
    """The rule goes on from part to part with what it has learned, as a fleet does."""
    begun = course(on.demand, settings.variants, on.goal)
    rule = own(replace(on.goal, attainment=settings.attainment))
    *chosen_by, held_out = replay_in_parts(
        on.demand, begun.variants, rule, part_ends(on), on.interval_s, on.goal.max_wait_s
    )
    return Trial(settings, tuple(chosen_by), held_out)


def part_ends(on: Course) -> tuple[int, ...]:
    """The steps at which each part ends, all but the last at a look."""
    steps, per_look = len(on.demand.work), max(1, round(on.interval_s / on.demand.step_s))
    return (*(steps * number // PARTS // per_look * per_look for number in range(1, PARTS)), steps)


def least_duration_s(on: Course) -> float:
    """Of a demand whose parts are long enough to show what a rule does."""
    return PARTS * max(LEAST_LOOKS * on.interval_s, 2 * max(each.cold_start_s for each in on.variants))


def better(one: Sequence[Outcome], other: Sequence[Outcome], attainment: float, worth: float = 0.0) -> bool:
    """Whether one is nearer to the goal in its worst part, or as near, and cheaper by more than this share."""
    nearer = _short(other, attainment) - _short(one, attainment)
    return nearer > 0 or (nearer == 0 and cost_of(one) < (1 - worth) * cost_of(other))


def cost_of(outcomes: Iterable[Outcome]) -> float:
    return sum(each.cost for each in outcomes)


def _short(outcomes: Iterable[Outcome], attainment: float) -> float:
    return max(0.0, attainment - min(each.attainment for each in outcomes))
