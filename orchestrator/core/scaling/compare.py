"""Replays one demand against many rules, by their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil

from orchestrator.core.scaling.bounds import clairvoyant, first_need, least_capacity
from orchestrator.core.scaling.decide import decide
from orchestrator.core.scaling.demand import Demand
from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.memory import ScalingMemory
from orchestrator.core.scaling.mix import capacity, cheapest
from orchestrator.core.scaling.outcome import Outcome
from orchestrator.core.scaling.peers import PEERS
from orchestrator.core.scaling.peers.static import static
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.replay import replay
from orchestrator.core.scaling.rule import Rule

INTERVAL_S = 10.0  # between two looks
OWN, STATIC, CLAIRVOYANT = "qorch", "static", "clairvoyant"
BOUNDS = {STATIC: "knew afterwards", CLAIRVOYANT: "knows the future"}
POLICIES = (OWN, *PEERS, *BOUNDS)
MIXING = (OWN, "wva", *BOUNDS)  # those that scale several variants together; the others scale that of the cheapest work


@dataclass(frozen=True)
class Course:
    """What all rules are replayed on: a demand, a pool, a goal, and how often they are asked."""

    demand: Demand
    variants: tuple[VariantLoad, ...]
    goal: ScalingPolicy
    interval_s: float = INTERVAL_S


def course(demand: Demand, variants: Iterable[VariantLoad], goal: ScalingPolicy) -> Course:
    """Begins with the replicas ready that the longest cold start needs, in which no rule can have another."""
    pool = tuple(variants)
    grain, first_s = least_capacity(pool), max(each.cold_start_s for each in pool) + INTERVAL_S
    need = first_need(demand, grain, first_s, goal.max_wait_s)
    return Course(demand, with_ready(pool, cheapest(pool, need * grain, goal.budget)), goal)


def with_ready(variants: Iterable[VariantLoad], counts: Mapping[str, int]) -> tuple[VariantLoad, ...]:
    return tuple(replace(each, ready=counts[each.name]) for each in variants)


def compare(course: Course, names: Iterable[str]) -> Iterator[tuple[str, Outcome]]:
    """Each of POLICIES that is named, when it has been replayed."""
    for name in names:
        yield name, _static(course) if name == STATIC else _replayed(course, _rule(course, name))


def best(outcomes: Mapping[str, Outcome], attainment: float) -> str | None:
    """The cheapest that attains the goal without knowing the future."""
    well = [name for name, each in outcomes.items() if each.attainment >= attainment and name not in BOUNDS]
    return min(well, key=lambda name: outcomes[name].cost, default=None)


def own(goal: ScalingPolicy) -> Rule:
    """`decide`, without its steps."""

    def rule(load: Load, memory: ScalingMemory | None) -> tuple[Mapping[str, int], ScalingMemory | None]:
        decision, after = decide(load, goal, memory)
        return decision.replicas, after

    return rule


def _rule(course: Course, name: str) -> Rule:
    if name == CLAIRVOYANT:
        goal = course.goal
        return clairvoyant(course.demand, course.variants, course.interval_s, goal.max_wait_s, goal.budget)
    return own(course.goal) if name == OWN else PEERS[name]()


def _replayed(course: Course, rule: Rule) -> Outcome:
    return replay(course.demand, course.variants, rule, course.interval_s, course.goal.max_wait_s)


def _static(course: Course) -> Outcome:
    """With the least work a second that attains the goal, known afterwards, or the most that is allowed."""
    most = capacity(course.variants, {each.name: each.max_replicas for each in course.variants})
    low, high = 1, max(1, ceil(most / least_capacity(course.variants)))
    while low < high:
        middle = (low + high) // 2
        if _always(course, middle).attainment >= course.goal.attainment:
            high = middle
        else:
            low = middle + 1
    return _always(course, low)


def _always(course: Course, need: int) -> Outcome:
    """With the cheapest mix that does the work of so many of the smallest replicas."""
    counts = cheapest(course.variants, need * least_capacity(course.variants), course.goal.budget)
    pool, length_s = with_ready(course.variants, counts), course.demand.duration_s
    return replay(course.demand, pool, static(counts), length_s, course.goal.max_wait_s)
