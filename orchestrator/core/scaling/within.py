"""A load as a user's goals have it: what a replica does within them, and what shall be possible whatever comes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from orchestrator.core.scaling.decision import DecisionStep
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.pace import UNSEEN, line, most_running, written_tok_s
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.pool_memory import PoolMemory
from orchestrator.core.scaling.prior import PoolPrior
from orchestrator.core.scaling.schedule import Floor
from orchestrator.core.scaling.seen import PoolSeen
from orchestrator.core.scaling.tpot_spread import TpotSpread, tpot_ratio

LEAST_CAPACITY = 1e-9  # work a second: a replica that does less has told nonsense, and shares of it are no numbers


def with_fewest(seen: PoolSeen, min_replicas: int) -> PoolSeen:
    """With at least so many replicas of all variants together, of the best as far as its bounds let."""
    missing = min_replicas - sum(each.min_replicas for each in seen.variants)
    variants = []
    for each in seen.variants:
        more = max(0, min(missing, each.max_replicas - each.min_replicas))
        variants.append(replace(each, min_replicas=each.min_replicas + more))
        missing -= more
    return replace(seen, variants=tuple(variants))


def left_for(goal: ScalingGoal, seen: PoolSeen, prior: PoolPrior) -> ScalingGoal:
    """The goal with what replicas may cost that do not stand aside."""
    if goal.cost_per_hour is None:
        return goal
    return replace(goal, cost_per_hour=max(0.0, goal.cost_per_hour - aside_cost(seen, prior)))


def aside_cost(seen: PoolSeen, prior: PoolPrior) -> float:
    """Of an hour of the replicas that stand aside: they are paid for."""
    return sum(each.aside * prior.variants[each.name].cost for each in seen.variants)


def within(load: Load, goal: ScalingGoal, floor: Floor, prior: PoolPrior, memory: PoolMemory) -> Load:
    """The load with the costs of replicas, and what each does within the goals."""
    variants = tuple(
        replace(each, capacity=max(LEAST_CAPACITY, _capacity(each, goal, memory)), cost=prior.variants[each.name].cost)
        for each in load.variants
    )
    return replace(load, variants=variants, least=_tok_s(goal, floor) * memory.request.work_of_token)


def policy_within(policy: ScalingPolicy, goal: ScalingGoal, memory: PoolMemory) -> ScalingPolicy:
    """The policy that reaches the goals."""
    wait_s = goal.longest_wait_s(memory.own_ttft.mean_s)
    return replace(policy, max_wait_s=wait_s, attainment=goal.attainment, budget=goal.cost_per_hour)


def goal_steps(load: Load, goal: ScalingGoal, floor: Floor, memory: PoolMemory) -> Iterator[DecisionStep]:
    """What the goals come to, by what is known now."""
    if goal.tpot_s is not None:
        yield from (_pace_step(each.name, goal.tpot_s, goal.attainment, memory) for each in load.variants)
    if goal.ttft_s is not None:
        yield _ttft_step(goal, goal.ttft_s, memory.own_ttft.mean_s)
    if goal.cost_per_hour is not None:
        shared = "" if goal.budget is None else f", of the {goal.budget.per_hour:g} that fleets share"
        yield DecisionStep("budget", goal.cost_per_hour, f"an hour is the most that replicas may cost{shared}")
    if floor.min_replicas:
        yield DecisionStep("schedule", floor.min_replicas, "replicas at least at this time")
    if tok_s := _tok_s(goal, floor):
        replicas = load.least / load.variants[0].capacity
        yield DecisionStep("target", tok_s, f"tokens a second shall be possible, which takes {replicas:.1f} replicas")


def _tok_s(goal: ScalingGoal, floor: Floor) -> float:
    return max(goal.tok_s or 0.0, floor.tok_s)


def _capacity(variant: VariantLoad, goal: ScalingGoal, memory: PoolMemory) -> float:
    if goal.tpot_s is None:
        return variant.capacity
    pace = memory.paces.get(variant.name, UNSEEN)
    running = most_running(pace, goal.tpot_s / _ratio(variant.name, goal.attainment, memory))
    if math.isinf(running):
        return variant.capacity
    return min(variant.capacity, written_tok_s(pace, running) * memory.request.work_of_token)


def _ratio(name: str, attainment: float, memory: PoolMemory) -> float:
    return tpot_ratio(memory.tpots.get(name, TpotSpread()), attainment)


def _pace_step(name: str, tpot_s: float, attainment: float, memory: PoolMemory) -> DecisionStep:
    pace, ratio = memory.paces.get(name, UNSEEN), _ratio(name, attainment, memory)
    running, known = most_running(pace, tpot_s / ratio), line(pace)
    share = f"{attainment * 100:g}% of requests take {ratio:.3g} times the mean at most"
    if known is not None and (known.alone + known.each) * ratio > tpot_s:
        alone_s = known.alone + known.each
        why = f"stream at a time: alone, {name} takes {alone_s:.3g} s a token, and {share}: too slow"
        return DecisionStep("pace", 1.0, why)
    each = f"streams at once that a replica of {name} writes at {tpot_s / ratio:.3g} s a token"
    return DecisionStep("pace", running, f"{each}; {share}")


def _ttft_step(goal: ScalingGoal, ttft_s: float, own_s: float) -> DecisionStep:
    if own_s >= ttft_s:
        return DecisionStep("first token", own_s, f"seconds with nobody before it: {ttft_s:g} s cannot be reached")
    wait_s = goal.longest_wait_s(own_s)
    return DecisionStep("first token", own_s, f"seconds with nobody before it, so a request may wait {wait_s:.3g} s")
