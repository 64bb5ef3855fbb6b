"""What a look at a pool teaches: where demand goes, what it needed, and how wrong the expectation of it was."""

from __future__ import annotations

import math
from dataclasses import replace

from orchestrator.core.scaling.levels import with_need
from orchestrator.core.scaling.load import Load, cold_start_s, unit
from orchestrator.core.scaling.memory import Expectation, Forecast, ScalingMemory
from orchestrator.core.scaling.need import Span, needed, with_span
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.reserve import Reserve, with_error, reserved, first_reserve
from orchestrator.core.scaling.season import with_look
from orchestrator.core.scaling.sliding import largest, with_value
from orchestrator.core.scaling.trend import expected, slow_s, spread, with_demand

LEAST_FAST_S = 10.0
FAST_SHARE = 0.25  # of a cold start: what is seen sooner cannot be met sooner


def learned(load: Load, policy: ScalingPolicy, memory: ScalingMemory) -> ScalingMemory:
    """The memory with one look more."""
    demand, watched_s, wait_s = demand_of(load), load.now_s - memory.since_s, horizon_s(load)
    trend = with_demand(memory.trend, demand, load.interval_s, fast_s(load), watched_s)
    spans = with_span(memory.spans, Span(load.now_s, load.interval_s, demand * load.interval_s))
    need = needed(spans, policy.max_wait_s)
    hope = expected(trend, wait_s, fast_s(load))
    seasons, more = with_look(memory.seasons, load.now_s, need, wait_s, hope, trend.usual)

    def forecast(known: Forecast, hope: float) -> Forecast:
        ahead = with_value(known.ahead, load.now_s, hope, wait_s)
        due = sum(each.at_s <= load.now_s for each in known.expectations)
        warm = watched_s >= slow_s(fast_s(load))
        hoped = Expectation(load.now_s + wait_s, largest(ahead), spread(memory.trend))
        kept = largest(ahead) + reserved(known.reserve, 1 - policy.attainment) * spread(memory.trend)
        return Forecast(
            _reserve(memory, known, due, need, demand, load.interval_s),
            ahead,
            (*known.expectations[due:], *((hoped,) if warm else ())),
            known.kept + max(-math.expm1(-load.interval_s / KEPT_S), load.interval_s / (watched_s + load.interval_s)) * (kept - known.kept),
        )

    return replace(
        memory,
        trend=trend,
        seasons=seasons,
        plain=forecast(memory.plain, hope),
        seasonal=replace(forecast(memory.plain, hope), reserve=first_reserve()) if watched_s < 86400 else forecast(memory.seasonal, hope + more),
        spans=spans,
        levels=with_need(memory.levels, load.now_s, need, _ready(load), _worth_s(load, policy)),
        worked_s=load.now_s if demand or load.waiting or load.unfinished else memory.worked_s,
    )

KEPT_S = 86400.0

def _reserve(memory: ScalingMemory, known: Forecast, due: int, need: float, demand: float, interval_s: float) -> Reserve:
    """With the errors of the expectations that are `due`, which weigh as the demand does that they are of."""
    reserve, usual = known.reserve, memory.trend.usual
    weight_s = interval_s * (demand / usual if usual else 1.0)
    for each in known.expectations[:due]:
        reserve = with_error(reserve, (need - each.replicas) / each.spread, weight_s, interval_s)
    return reserve


def _ready(load: Load) -> float:
    return sum(each.ready * each.capacity for each in load.variants) / unit(load)


def _worth_s(load: Load, policy: ScalingPolicy) -> float:
    """A gap so long that to miss a cold start after each is within the goal."""
    allowed = 1 - policy.attainment
    return cold_start_s(load) / allowed if allowed > 0 else math.inf


def demand_of(load: Load) -> float:
    """In replicas of the first variant."""
    return (load.arrived or 0.0) / load.interval_s / unit(load)


def horizon_s(load: Load) -> float:
    """From the beginning of what was looked at until what is asked for at the next look is ready."""
    return cold_start_s(load) + 2 * load.interval_s


def fast_s(load: Load) -> float:
    """How long the short average of demand is."""
    return max(LEAST_FAST_S, FAST_SHARE * cold_start_s(load))
