"""What is remembered of demand in replicas, when a replica turns out to do more or less than it was held to."""

from __future__ import annotations

import math
from dataclasses import replace

from orchestrator.core.scaling.forecast import Expectation, Forecast
from orchestrator.core.scaling.levels import STEP, shifted
from orchestrator.core.scaling.memory import ScalingMemory
from orchestrator.core.scaling.season import UNSEEN, Cycle, Season
from orchestrator.core.scaling.trend import Trend


def aligned(memory: ScalingMemory, capacity: float) -> ScalingMemory:
    """The memory in its own unit, or where a replica does a level more or less than that, whole levels from it."""
    levels = round(math.log(memory.unit / capacity, STEP))
    return _in_units(memory, levels) if levels else memory


def _in_units(memory: ScalingMemory, levels: int) -> ScalingMemory:
    """Of replicas that do so many levels less."""
    times = STEP**levels
    return replace(
        memory,
        unit=memory.unit / times,
        trend=_trend(memory.trend, times),
        plain=_forecast(memory.plain, times),
        seasonal=_forecast(memory.seasonal, times),
        season=_season(memory.season, times),
        spans=tuple(each._replace(work_s=each.work_s * times) for each in memory.spans),
        levels=shifted(memory.levels, levels),
        wanted=tuple(each._replace(value=each.value * times) for each in memory.wanted),
    )


def _trend(trend: Trend, times: float) -> Trend:
    squares = times**2
    return Trend(
        trend.fast * times,
        trend.slow * times,
        trend.usual * times,
        trend.square * squares,
        trend.long_square * squares,
    )


def _forecast(forecast: Forecast, times: float) -> Forecast:
    """Errors are in spreads, which change alike."""
    return replace(
        forecast,
        ahead=tuple(each._replace(value=each.value * times) for each in forecast.ahead),
        expectations=_expectations(forecast.expectations, times),
        held=_expectations(forecast.held, times),
    )


def _expectations(known: tuple[Expectation, ...], times: float) -> tuple[Expectation, ...]:
    return tuple(each._replace(replicas=each.replicas * times, spread=each.spread * times) for each in known)


def _season(season: Season, times: float) -> Season:
    outlooks = tuple(each._replace(replicas=each.replicas * times) for each in season.outlooks)
    day, week = (_cycle(cycle, times) for cycle in (season.day, season.week))
    return replace(season, peak=season.peak * times, outlooks=outlooks, day=day, week=week)


def _cycle(cycle: Cycle, times: float) -> Cycle:
    peaks = tuple(peak if peak == UNSEEN else peak * times for peak in cycle.peaks)
    return Cycle(peaks, cycle.foreseen_and_come * times**2, cycle.foreseen * times**2)
