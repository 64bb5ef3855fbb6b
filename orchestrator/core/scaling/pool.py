"""One step of a pool's autoscaling: what was seen becomes a load, a decision, and what is remembered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.core.scaling.cold_start import stuck, stuck_s
from orchestrator.core.scaling.decide import decide
from orchestrator.core.scaling.decision import DecisionStep, ScalingDecision
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.load import Load
from orchestrator.core.scaling.parts import Parts, whole
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.pool_load import pool_load
from orchestrator.core.scaling.pool_look import PoolLook, looked, taught
from orchestrator.core.scaling.pool_memory import PoolMemory, at, first_memory
from orchestrator.core.scaling.prior import PoolPrior
from orchestrator.core.scaling.schedule import Floor, Window, floor
from orchestrator.core.scaling.seen import PoolSeen
from orchestrator.core.scaling.within import goal_steps, left_for, policy_within, with_fewest, within


@dataclass(frozen=True)
class PoolWatch:
    """What one look at a pool comes to, before anything is decided on it."""

    look: PoolLook
    load: Load
    memory: PoolMemory
    interval_s: float  # since the look before; 0 where nothing is known of that
    floor: Floor


def pool_step(
    seen: PoolSeen, goal: ScalingGoal, policy: ScalingPolicy, prior: PoolPrior, memory: PoolMemory | None
) -> tuple[ScalingDecision, PoolMemory]:
    """How many replicas of each variant, within its bounds; what is not known takes none away."""
    return pool_decided(whole(pool_watched(seen, goal.schedule, prior, memory)), goal, policy, prior)


def pool_watched(
    seen: PoolSeen, schedule: Sequence[Window], prior: PoolPrior, memory: PoolMemory | None
) -> Parts[PoolWatch]:
    """All that grows with the number of replicas, in parts."""
    memory, interval_s = at(memory or first_memory(prior, seen.now_s), seen.now_s)
    least = floor(schedule, seen.now_s, seen.now_s + _cold_start_s(memory)) if schedule else Floor()
    look = yield from looked(with_fewest(seen, least.min_replicas), prior, memory)
    before, memory = memory, taught(look, memory)
    yield look.ready
    load, memory = pool_load(look, before, memory, interval_s)
    return PoolWatch(look, load, memory, interval_s, least)


def pool_decided(
    watch: PoolWatch, goal: ScalingGoal, policy: ScalingPolicy, prior: PoolPrior
) -> tuple[ScalingDecision, PoolMemory]:
    """The rest of a step; it takes as long for few replicas as for many."""
    look, memory, goal = watch.look, watch.memory, left_for(goal, watch.look.seen, prior)
    load = within(watch.load, goal, watch.floor, prior, memory)
    decision, scaling = decide(load, policy_within(policy, goal, memory), memory.scaling)
    steps = (*_inputs(look, memory), *goal_steps(load, goal, watch.floor, memory), *decision.steps)
    memory = replace(memory, scaling=scaling)
    if look.blind or load.arrived is None or not watch.interval_s:
        return ScalingDecision(_none_fewer(look.seen, decision.replicas), steps, decision.wanted), memory
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
        yield DecisionStep("told", look.did.telling, f"of {look.ready} replicas tell what they do: none is taken away")
