"""Replays one demand against many rules, by their names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from orchestrator.core.scaling.bounds import clairvoyant, first_need
from orchestrator.core.scaling.decide import decide
from orchestrator.core.scaling.demand import Demand
from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.memory import ScalingMemory
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


@dataclass(frozen=True)
class Course:
    """What all rules are replayed on: a demand, a pool of one variant, a goal, and how often they are asked."""

    demand: Demand
    variant: VariantLoad
    goal: ScalingPolicy
    interval_s: float = INTERVAL_S


def course(demand: Demand, variant: VariantLoad, goal: ScalingPolicy) -> Course:
    """Begins with the replicas ready that the first cold start needs, in which no rule can have another."""
    ready = first_need(demand, variant, variant.cold_start_s + INTERVAL_S, goal.max_wait_s)
    bounded = min(max(ready, variant.min_replicas), variant.max_replicas)
    return Course(demand, replace(variant, ready=bounded), goal)


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
        return clairvoyant(course.demand, course.variant, course.interval_s, course.goal.max_wait_s)
    return own(course.goal) if name == OWN else PEERS[name]()


def _replayed(course: Course, rule: Rule) -> Outcome:
    return replay(course.demand, [course.variant], rule, course.interval_s, course.goal.max_wait_s)


def _static(course: Course) -> Outcome:
    """With the least number that attains the goal, known afterwards, or the most that is allowed."""
    low, high = max(1, course.variant.min_replicas), course.variant.max_replicas
    while low < high:
        middle = (low + high) // 2
        if _with(course, middle).attainment >= course.goal.attainment:
            high = middle
        else:
            low = middle + 1
    return _with(course, low)


def _with(course: Course, replicas: int) -> Outcome:
    always = replace(course.variant, ready=replicas)
    return replay(course.demand, [always], static(replicas), course.demand.duration_s, course.goal.max_wait_s)
