"""How many replicas a pool needs: what is expected at the end of a cold start, a learned reserve, and what waits."""

from __future__ import annotations

import math
from dataclasses import replace

from orchestrator.core.scaling.decision import DecisionStep, ScalingDecision
from orchestrator.core.scaling.load import Load
from orchestrator.core.scaling.memory import ScalingMemory
from orchestrator.core.scaling.mix import capacity, mixed
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.reserve import reserved, with_error, with_misses
from orchestrator.core.scaling.sliding import Timed, largest, with_value
from orchestrator.core.scaling.trend import expected, first_trend, slow_s, with_demand

LEAST_FAST_S = 10.0
FAST_SHARE = 0.25  # of a cold start: what is seen sooner cannot be met sooner
LEAST_DRAIN_S = 30.0
DRAIN_SHARE = 0.25  # of a cold start, in which what waits shall be served

Answer = tuple[ScalingDecision, ScalingMemory | None]  # no memory as long as no look has told anything


def decide(load: Load, policy: ScalingPolicy, memory: ScalingMemory | None) -> Answer:
    """Replicas by variant; where the load is not known, those that there are, and nothing is learned."""
    if why := _unknown(load):
        return _held(load, policy, why), memory
    seen = _learned(load, policy, memory or _first(load))
    needed, steps = _needed(load, seen)
    seen = replace(seen, wanted=with_value(seen.wanted, load.now_s, needed, _hold_s(load, policy)))
    kept = largest(seen.wanted) if seen.worked_s > load.now_s - _hold_s(load, policy) else 0.0
    steps = (*steps, DecisionStep("kept", kept, f"replicas, the most that was wanted in {_hold_s(load, policy):g} s"))
    counts = mixed(load.variants, kept * _unit(load), policy.budget)
    return ScalingDecision(counts, (*steps, _reached(load, counts, kept))), seen


def _unknown(load: Load) -> str | None:
    """Why nothing can be concluded from a load."""
    if load.arrived is None:
        return "no replica told what it did"
    numbers = (load.arrived, load.waiting, load.interval_s)
    if not all(math.isfinite(number) and number >= 0 for number in numbers):
        return f"the metrics make no sense: {load.arrived:g} arrived, {load.waiting:g} wait"
    return None if load.interval_s > 0 else "no time has passed since the last look"


def _held(load: Load, policy: ScalingPolicy, why: str) -> ScalingDecision:
    """What there is, within the bounds."""
    counts = mixed(load.variants, _there(load), policy.budget)
    return ScalingDecision(counts, (DecisionStep("held", sum(counts.values()), f"replicas: {why}"),))


def _first(load: Load) -> ScalingMemory:
    """Nothing is known yet, so what there is counts as wanted: a policy that forgets takes nothing away."""
    wanted = (Timed(load.now_s, _there(load) / _unit(load)),)
    return ScalingMemory(load.now_s, first_trend(_demand(load)), wanted=wanted, worked_s=load.now_s)


def _there(load: Load) -> float:
    """Work a second of all replicas that are paid for."""
    return capacity(load.variants, {each.name: each.replicas for each in load.variants})


def _learned(load: Load, policy: ScalingPolicy, memory: ScalingMemory) -> ScalingMemory:
    """The demand of this interval, the errors of what was expected by now, and whether requests waited too long."""
    demand, usual = _demand(load), memory.trend.usual
    trend = with_demand(memory.trend, demand, load.interval_s, _fast_s(load), load.now_s - memory.since_s)
    ahead = Timed(load.now_s + _horizon_s(load), expected(trend, _horizon_s(load), _fast_s(load)))
    weight = demand / usual if usual else 1.0
    reserve = with_misses(memory.reserve, _misses(load, policy), 1 - policy.attainment, weight, load.interval_s)
    peaks = with_value(memory.peaks, load.now_s, trend.fast, _horizon_s(load))
    due = [each for each in memory.expectations if each.at_s <= load.now_s]
    for each in due:
        reserve = with_error(reserve, largest(peaks) - each.value, usual, load.interval_s)
    warm = load.now_s - memory.since_s >= slow_s(_fast_s(load))
    return replace(
        memory,
        trend=trend,
        reserve=reserve,
        expectations=(*memory.expectations[len(due) :], *((ahead,) if warm else ())),
        peaks=peaks,
        worked_s=load.now_s if demand or load.waiting else memory.worked_s,
    )


def _needed(load: Load, seen: ScalingMemory) -> tuple[float, tuple[DecisionStep, ...]]:
    """Replicas of the first variant, and how it comes to them."""
    ahead = expected(seen.trend, _horizon_s(load), _fast_s(load))
    reserve = reserved(seen.reserve, seen.trend.usual)
    drain_s = max(LEAST_DRAIN_S, DRAIN_SHARE * _cold_start_s(load))
    left = _left_waiting(load, (seen.trend.fast + ahead) / 2)
    return ahead + reserve + left / drain_s, (
        DecisionStep("demand", seen.trend.fast, f"replicas busy, averaged over {_fast_s(load):g} s"),
        DecisionStep("expected", ahead, f"replicas in {_horizon_s(load):g} s, when one asked for now is ready"),
        DecisionStep("reserve", reserve, f"replicas: {1 - math.exp(seen.reserve.log_tail):.1%} of rises were smaller"),
        DecisionStep("drain", left / drain_s, f"replicas, to serve within {drain_s:g} s what will wait then"),
    )


def _left_waiting(load: Load, demand: float) -> float:
    """Of what waits now, in seconds of a replica, what still waits when a replica that is asked for now is ready."""
    working = sum((each.ready + each.starting / 2) * each.capacity for each in load.variants) / _unit(load)
    waiting = load.waiting / _unit(load)
    return max(0.0, waiting + (demand - working) * _horizon_s(load)) if waiting else 0.0


def _reached(load: Load, counts: dict[str, int], kept: float) -> DecisionStep:
    reached = capacity(load.variants, counts) / _unit(load)
    short = kept - reached
    why = f"{short:.1f} short: bounds or budget allow no more" if short > 1e-9 else "enough"
    return DecisionStep("replicas", sum(counts.values()), f"that do the work of {reached:g}: {why}")


def _misses(load: Load, policy: ScalingPolicy) -> bool:
    """Whether who comes now waits too long."""
    ready = sum(each.ready * each.capacity for each in load.variants)
    return load.waiting > policy.max_wait_s * ready


def _demand(load: Load) -> float:
    """In replicas of the first variant."""
    return (load.arrived or 0.0) / load.interval_s / _unit(load)


def _unit(load: Load) -> float:
    """Work a second that makes one replica of demand."""
    return load.variants[0].capacity


def _cold_start_s(load: Load) -> float:
    return max(each.cold_start_s for each in load.variants)


def _horizon_s(load: Load) -> float:
    """From the beginning of what was looked at until what is asked for at the next look is ready."""
    return _cold_start_s(load) + 2 * load.interval_s


def _fast_s(load: Load) -> float:
    return max(LEAST_FAST_S, FAST_SHARE * _cold_start_s(load))


def _hold_s(load: Load, policy: ScalingPolicy) -> float:
    return max(policy.least_hold_s, _cold_start_s(load))
