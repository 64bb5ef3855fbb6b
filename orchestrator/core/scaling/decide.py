"""How many replicas a pool needs: what is expected at the end of a cold start, a learned reserve, and what waits."""

from __future__ import annotations

import math
from dataclasses import replace

from orchestrator.core.scaling.counted import counted, reached, steady
from orchestrator.core.scaling.decision import DecisionStep, ScalingDecision
from orchestrator.core.scaling.learn import by_season, demand_of, learned
from orchestrator.core.scaling.levels import worth_having
from orchestrator.core.scaling.load import Load
from orchestrator.core.scaling.memory import ScalingMemory, with_wanted
from orchestrator.core.scaling.mix import capacity, mixed
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.reserve import reserved
from orchestrator.core.scaling.sliding import Timed, largest, with_value
from orchestrator.core.scaling.times import Times, times_of
from orchestrator.core.scaling.trend import first_trend, spread
from orchestrator.core.scaling.units import aligned

Answer = tuple[ScalingDecision, ScalingMemory | None]  # no memory as long as no look has told anything
Steps = tuple[DecisionStep, ...]


def decide(load: Load, policy: ScalingPolicy, memory: ScalingMemory | None) -> Answer:
    """Replicas by variant; of a load that is not known those that there are, and nothing is learned of it."""
    if why := _unknown(load):
        return _held(load, policy, why), memory and replace(memory, worked_s=load.now_s)
    before, times = aligned(memory or _first(load), load.variants[0].capacity), times_of(load, policy)
    seen, unit, units = learned(load, policy, times, before), before.unit, spread(before.trend)
    needed, steps = _needed(load, policy, times, before, seen, units)
    seen = with_wanted(seen, with_value(seen.wanted, load.now_s, needed, times.hold_s))
    kept, why = _kept(load, policy, seen, times.hold_s)
    wanted, stays = steady(load, unit, max(kept, load.least / unit), units)
    steps = (*steps, DecisionStep("kept", kept, f"replicas{why}{stays}"))
    counts, free, swap = counted(load, policy, times, seen, wanted * unit)
    if swap is not None:
        seen, steps = replace(seen, forgone=swap.forgone), (*steps, *swap.steps)
    return ScalingDecision(counts, (*steps, reached(load, unit, counts, wanted)), free), seen


def _unknown(load: Load) -> str | None:
    """Why nothing can be concluded from a load."""
    if load.arrived is None:
        return "no replica told what it did"
    if not (0 <= load.arrived < math.inf and 0 <= load.waiting < math.inf and 0 <= load.interval_s < math.inf):
        return f"the metrics make no sense: {load.arrived:g} arrived, {load.waiting:g} wait"
    return None if load.interval_s > 0 else "no time has passed since the last look"


def _held(load: Load, policy: ScalingPolicy, why: str) -> ScalingDecision:
    """What there is, within the bounds."""
    counts = mixed(load.variants, _there(load), policy.budget)
    return ScalingDecision(counts, (DecisionStep("held", sum(counts.values()), f"replicas: {why}"),), counts)


def _first(load: Load) -> ScalingMemory:
    """Nothing is known yet, so what there is counts as wanted: a policy that forgets takes nothing away."""
    unit = load.variants[0].capacity
    wanted = (Timed(load.now_s, _there(load) / unit),)
    return ScalingMemory(load.now_s, unit, first_trend(demand_of(load, unit)), wanted=wanted, worked_s=load.now_s)


def _there(load: Load) -> float:
    """Work a second of all replicas that are paid for."""
    return capacity(load.variants, {each.name: each.replicas for each in load.variants})


def _needed(
    load: Load, policy: ScalingPolicy, times: Times, before: ScalingMemory, seen: ScalingMemory, units: float
) -> tuple[float, Steps]:
    """Replicas of the first variant, and how it comes to them; the reserve is that of what was known before."""
    seasonal = bool(seen.seasonal.ahead) and by_season(before, load.now_s)
    now, then = (seen.seasonal, before.seasonal) if seasonal else (seen.plain, before.plain)
    ahead, quantile = largest(now.ahead), reserved(then.reserve, 1 - policy.attainment)
    most = worth_having(seen.levels, load.now_s, times.first_wait_s)
    reserve = max(0.0, min(quantile * units, most - ahead))
    when = ", at this time of the day or week" if seasonal else ""
    drain = _left_waiting(load, before.unit, seen.trend.fast, times.ahead_s) / times.drain_s
    return ahead + reserve + drain, (
        DecisionStep("demand", seen.trend.fast, f"replicas busy, averaged over {times.fast_s:g} s"),
        DecisionStep("expected", ahead, f"replicas within {times.ahead_s:g} s, when one asked for now is ready{when}"),
        DecisionStep("reserve", reserve, f"replicas: {_why_reserve(quantile, units, most)}"),
        DecisionStep("drain", drain, f"replicas, to serve within {times.drain_s:g} s what will wait then"),
    )


def _why_reserve(quantile: float, units: float, most: float) -> str:
    return f"rises to {quantile:.1f} times the spread of {units:.2f}, and to {most:.1f} in all"


def _kept(load: Load, policy: ScalingPolicy, seen: ScalingMemory, hold_s: float) -> tuple[float, str]:
    """A reserve is for more of what comes; nothing is kept when nothing has come for long."""
    idle_s = load.now_s - seen.worked_s
    if idle_s >= hold_s and idle_s >= _patience_s(load, policy):
        return 0.0, f": nothing has come for {idle_s:.0f} s, so the fewest"
    return largest(seen.wanted), f", the most that was wanted in {hold_s:g} s"


def _patience_s(load: Load, policy: ScalingPolicy) -> float:
    """Without work, before a pool goes back to its fewest."""
    return policy.idle_s if any(each.min_replicas for each in load.variants) else policy.empty_s


def _left_waiting(load: Load, unit: float, demand: float, ahead_s: float) -> float:
    """Of what waits now, in seconds of a replica, what still waits when a replica that is asked for now is ready."""
    if not load.waiting:
        return 0.0
    working = sum((each.ready + each.starting / 2) * each.capacity for each in load.variants) / unit
    return max(0.0, load.waiting / unit + (demand - working) * ahead_s)
