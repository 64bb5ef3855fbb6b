"""What a look at a pool teaches: where demand goes, what it needed, and how wrong the expectation of it was."""

from __future__ import annotations

import math
from dataclasses import replace

from orchestrator.core.scaling.forecast import Forecast, Met, expecting, taught
from orchestrator.core.scaling.levels import with_need
from orchestrator.core.scaling.load import Load, cold_start_s, unit
from orchestrator.core.scaling.memory import ScalingMemory
from orchestrator.core.scaling.need import Span, needed, with_span
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.season import DAY_S, rise, with_look
from orchestrator.core.scaling.trend import expected, slow_s, spread, with_demand

LEAST_FAST_S = 10.0
FAST_SHARE = 0.25  # of a cold start: what is seen sooner cannot be met sooner
EXPLAINED_SHARE = 0.8  # of what the trend alone misses, below which the season is believed


def learned(load: Load, policy: ScalingPolicy, memory: ScalingMemory) -> ScalingMemory:
    """The memory with one look more."""
    demand, watched_s, usual = demand_of(load), load.now_s - memory.since_s, memory.trend.usual
    short_s, wait_s = fast_s(load), horizon_s(load)
    spans = with_span(memory.spans, Span(load.now_s, load.interval_s, demand * load.interval_s))
    need = needed(spans, policy.max_wait_s)
    met = Met(load.now_s, load.interval_s, need, load.interval_s * (demand / usual if usual else 1.0))
    trend = with_demand(memory.trend, demand, load.interval_s, short_s, watched_s)
    hope = expected(trend, wait_s, short_s)
    units = spread(memory.trend) if watched_s >= slow_s(short_s) else None
    memory = _with_season(load, memory, met, hope, wait_s, units)
    return replace(
        memory,
        trend=trend,
        plain=expecting(taught(memory.plain, met), load.now_s, hope, wait_s, units),
        spans=spans,
        levels=with_need(memory.levels, load.now_s, need, _ready(load), _worth_s(load, policy)),
        worked_s=load.now_s if demand or load.waiting or load.unfinished else memory.worked_s,
    )


def by_season(memory: ScalingMemory, now_s: float) -> bool:
    """Whether the season is gone by: once it has missed less than the trend alone, for a day at least."""
    explained = memory.seasonal.missed < EXPLAINED_SHARE * memory.plain.missed
    return bool(memory.seasonal.ahead) and explained and now_s - memory.since_s >= 2 * DAY_S


def _with_season(
    load: Load, memory: ScalingMemory, met: Met, hope: float, wait_s: float, units: float | None
) -> ScalingMemory:
    """What the season adds is learned from the second day on, and so is what the trend alone misses, to compare."""
    if load.clock_s is None or not math.isfinite(load.clock_s):
        return replace(memory, seasonal=Forecast())
    season = with_look(memory.season, load.clock_s, met.need, wait_s, hope, memory.trend.usual)
    if load.now_s - memory.since_s < DAY_S:
        return replace(memory, season=season, plain=replace(memory.plain, missed=0.0))
    hope += rise(season, load.clock_s + wait_s, hope)
    seasonal = expecting(taught(memory.seasonal, met), load.now_s, hope, wait_s, units)
    return replace(memory, season=season, seasonal=seasonal)


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
