"""One step of a pool's autoscaling: what was seen becomes a load, a decision, and what is remembered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from orchestrator.core.scaling.cold_start import stuck, stuck_s
from orchestrator.core.scaling.decide import decide
from orchestrator.core.scaling.decision import DecisionStep, ScalingDecision
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.pool_load import pool_load
from orchestrator.core.scaling.pool_look import PoolLook, looked, taught
from orchestrator.core.scaling.pool_memory import PoolMemory, at, first_memory
from orchestrator.core.scaling.prior import PoolPrior
from orchestrator.core.scaling.schedule import Floor, floor
from orchestrator.core.scaling.seen import PoolSeen
from orchestrator.core.scaling.within import goal_steps, left_for, policy_within, with_fewest, within


def pool_step(
    seen: PoolSeen, goal: ScalingGoal, policy: ScalingPolicy, prior: PoolPrior, memory: PoolMemory | None
) -> tuple[ScalingDecision, PoolMemory]:
    """How many replicas of each variant, within its bounds; what is not known takes none away."""
    memory, interval_s = at(memory or first_memory(prior, seen.now_s), seen.now_s)
    least = floor(goal.schedule, seen.now_s, seen.now_s + _cold_start_s(memory)) if goal.schedule else Floor()
    seen, goal = with_fewest(seen, least.min_replicas), left_for(goal, seen, prior)
    look = looked(seen, prior, memory)
    before, memory = memory, taught(look, memory)
    load, memory = pool_load(look, before, memory, interval_s)
    load = within(load, goal, least, prior, memory)
    decision, scaling = decide(load, policy_within(policy, goal, memory), memory.scaling)
    steps = (*_inputs(look, memory), *goal_steps(load, goal, least, memory), *decision.steps)
    memory = replace(memory, scaling=scaling)
    if look.blind or load.arrived is None or not interval_s:
        return ScalingDecision(_none_fewer(seen, decision.replicas), steps, decision.wanted), memory
    return replace(decision, steps=steps), memory


def _cold_start_s(memory: PoolMemory) -> float:
    """Of the variant that takes longest."""
    return max(each.usual_s for each in memory.cold_starts.values())


def _none_fewer(seen: PoolSeen, counts: Mapping[str, int]) -> dict[str, int]:
    """The answer, or what was asked for where that is more; within the bounds."""
    return {each.name: max(counts[each.name], min(each.max_replicas, each.asked)) for each in seen.variants}


def _inputs(look: PoolLook, memory: PoolMemory) -> Iterator[DecisionStep]:
    """What the decision rests on besides the load."""
    yield DecisionStep("request", memory.request.work, "work of a request on average")
    for variant in look.seen.variants:
        name, cold = variant.name, memory.cold_starts[variant.name]
        if capacity := memory.capacities.get(name):
            yield DecisionStep("capacity", capacity.rate, f"work a second of a full replica of {name}")
        yield DecisionStep("cold start", cold.usual_s, f"seconds until a replica of {name} is ready")
        if variant.aside:
            yield DecisionStep("aside", variant.aside, f"replicas of {name} stand aside, by hand: not reckoned with")
        if lost := stuck(cold, memory.watched_s):
            late = f"replicas of {name} not ready after {stuck_s(cold):.0f} s: not reckoned with"
            yield DecisionStep("stuck", lost, late)
    if look.blind:
        told = len(look.gains)
        yield DecisionStep("told", told, f"of {look.ready} replicas tell what they do: none is taken away")
