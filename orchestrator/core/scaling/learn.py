"""What a look at a pool teaches: where demand goes, what it needed, and how wrong the expectation of it was."""

from __future__ import annotations

import math
from dataclasses import replace

from orchestrator.core.scaling.forecast import Forecast, Hope, Met, taught
from orchestrator.core.scaling.levels import STEP, Levels, with_need, worth_having
from orchestrator.core.scaling.load import Load
from orchestrator.core.scaling.memory import ScalingMemory
from orchestrator.core.scaling.need import Span, needed, with_span
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.season import DAY_S, Season, rise, with_look
from orchestrator.core.scaling.times import Times
from orchestrator.core.scaling.trend import Trend, expected, slow_s, spread, with_demand

EARLY_S = 120.0  # that a season's rise is expected sooner: it comes neither to the minute nor at a slot's beginning
HELD_SHARE = 0.75  # of a hold, for which what was expected is taken to cover what comes: later its replicas may go
EXPLAINED_SHARE = 0.8  # of what the trend alone misses, below which the season is believed
KNOWN_S = 2 * DAY_S  # until a day has been foreseen by the one before


def learned(load: Load, policy: ScalingPolicy, times: Times, memory: ScalingMemory) -> ScalingMemory:
    """The memory with one look more."""
    now_s, interval_s, unit, usual = load.now_s, load.interval_s, memory.unit, memory.trend.usual
    demand, watched_s = demand_of(load, unit), now_s - memory.since_s
    spans = with_span(memory.spans, Span(now_s, interval_s, demand * interval_s))
    need = needed(spans, policy.max_wait_s)
    met = Met(now_s, interval_s, need, interval_s * (demand / usual if usual else 1.0), HELD_SHARE * times.hold_s)
    trend = with_demand(memory.trend, demand, interval_s, times.fast_s, watched_s)
    units = spread(memory.trend) if watched_s >= slow_s(times.fast_s) else None
    worth_s = _worth_s(times.cold_start_s, policy)
    levels = with_need(memory.levels, now_s, need, _ready(load, unit), times.first_wait_s, worth_s)
    hope = Hope(_hoped(trend, levels, now_s, times), times.ahead_s, units)
    season, plain, seasonal = _forecasts(load, memory, met, hope)
    return ScalingMemory(
        since_s=memory.since_s,
        unit=unit,
        trend=trend,
        plain=plain,
        seasonal=seasonal,
        season=season,
        spans=spans,
        levels=levels,
        wanted=memory.wanted,
        worked_s=now_s if demand or load.waiting or load.unfinished else memory.worked_s,
        forgone=memory.forgone,
    )


def _hoped(trend: Trend, levels: Levels, now_s: float, times: Times) -> float:
    """What is expected; a rise to where demand was before ends there, as far as anybody knows, and others go on."""
    replicas = expected(trend, times.ahead_s, times.fast_s)
    if replicas <= trend.fast:
        return replicas
    most = worth_having(levels, now_s, times.first_wait_s) * (STEP if levels.unawaited else 1.0)
    return min(replicas, max(trend.fast, most))


def by_season(memory: ScalingMemory, now_s: float) -> bool:
    """Whether the season is gone by: once it has missed less than the trend alone, for a day at least."""
    explained = memory.seasonal.missed < EXPLAINED_SHARE * memory.plain.missed
    return bool(memory.seasonal.ahead) and explained and now_s - memory.since_s >= KNOWN_S + DAY_S


def _forecasts(load: Load, memory: ScalingMemory, met: Met, hope: Hope) -> tuple[Season, Forecast, Forecast]:
    """What the season adds is learned from the third day on, when rises may have come true once, and so is what the
    trend alone misses, to compare: errors from before would be held for days where nothing comes any more.
    """
    plain, clock_s = memory.plain, load.clock_s
    if clock_s is None or not math.isfinite(clock_s):
        return memory.season, taught(plain, met, hope), Forecast()
    early_s = hope.ahead_s + EARLY_S
    season = with_look(memory.season, clock_s, met.need, early_s, hope.replicas, memory.trend.usual)
    if met.now_s - memory.since_s < KNOWN_S:
        seasonal, plain = memory.seasonal, replace(plain, missed=0.0)
    else:
        risen = hope.replicas + rise(season, clock_s + early_s, hope.replicas)
        seasonal = taught(memory.seasonal, met, Hope(risen, hope.ahead_s, hope.spread))
    return season, taught(plain, met, hope), seasonal


def demand_of(load: Load, unit: float) -> float:
    """In replicas that do `unit` work a second."""
    return (load.arrived or 0.0) / load.interval_s / unit


def _ready(load: Load, unit: float) -> float:
    return sum([each.ready * each.capacity for each in load.variants]) / unit


def _worth_s(cold_start_s: float, policy: ScalingPolicy) -> float:
    """A gap so long that to miss a cold start after each is within the goal."""
    allowed = 1 - policy.attainment
    return cold_start_s / allowed if allowed > 0 else math.inf
