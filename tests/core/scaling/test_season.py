"""What is known of the time of the day and of the week: what came, and how far it is believed to come again."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.scaling.decide import decide
from orchestrator.core.scaling.forecast import Forecast
from orchestrator.core.scaling.learn import EARLY_S, by_season
from orchestrator.core.scaling.load import Load
from orchestrator.core.scaling.memory import ScalingMemory
from orchestrator.core.scaling.season import DAY_S, SLOT_S, WEEK_S, Season, rise, with_look
from tests.core.scaling.pools import EVERY_S, ONE, POLICY, answers

HOUR_S, AHEAD_S, LOOK_S = 3600.0, 120.0, 100.0
CALM, BUSY = 2.0, 20.0

Need = Callable[[float], float]  # by the clock


def watched(need: Need, until_s: float, season: Season | None = None, from_s: float = 0.0) -> Season:
    """By somebody who expects no rise."""
    season = season or Season()
    for look in range(round((until_s - from_s) / LOOK_S)):
        clock_s = from_s + look * LOOK_S
        season = with_look(season, clock_s, need(clock_s), AHEAD_S, CALM, CALM)
    return season


def each_day(clock_s: float) -> float:
    return BUSY if 8 * HOUR_S <= clock_s % DAY_S < 9 * HOUR_S else CALM


def each_week(clock_s: float) -> float:
    return BUSY if 8 * HOUR_S <= clock_s % WEEK_S < 9 * HOUR_S else CALM


def never(clock_s: float) -> float:
    return CALM


def test_what_has_not_been_seen_to_come_again_is_not_foreseen() -> None:
    assert rise(Season(), 8 * HOUR_S, CALM) == 0.0
    assert rise(watched(each_day, 2 * DAY_S - 16 * HOUR_S), DAY_S + 8 * HOUR_S, CALM) == 0.0


def test_what_came_each_day_is_foreseen_in_its_whole_slot_and_beside_it_nothing() -> None:
    season = watched(each_day, 4 * DAY_S)
    at_8_s = 4 * DAY_S + 8 * HOUR_S
    for clock_s in (at_8_s, at_8_s + SLOT_S - 1):
        assert rise(season, clock_s, CALM) == pytest.approx(BUSY - CALM, rel=0.1)
    for clock_s in (at_8_s - 1, at_8_s + SLOT_S, at_8_s + 12 * HOUR_S):
        assert rise(season, clock_s, CALM) == 0.0


def test_what_comes_once_a_week_is_foreseen_on_its_day_and_on_no_other() -> None:
    season = watched(each_week, 4 * WEEK_S)
    at_8_s = 4 * WEEK_S + 8 * HOUR_S
    assert rise(season, at_8_s, CALM) == pytest.approx(BUSY - CALM, rel=0.1)
    assert rise(season, at_8_s + 3 * DAY_S, CALM) < 0.1 * (BUSY - CALM)


def test_what_comes_no_more_is_forgotten() -> None:
    season = watched(never, 12 * DAY_S, watched(each_day, 4 * DAY_S), 4 * DAY_S)
    assert rise(season, 12 * DAY_S + 8 * HOUR_S, CALM) < 0.1 * (BUSY - CALM)


def test_what_the_trend_expects_by_itself_is_not_added_again() -> None:
    season = watched(each_day, 4 * DAY_S)
    at_8_s = 4 * DAY_S + 8 * HOUR_S
    assert rise(season, at_8_s, BUSY) == 0.0
    assert rise(season, at_8_s, BUSY - 4) == pytest.approx(4, rel=0.1)


def test_needs_that_have_nothing_to_do_with_the_time_are_hardly_believed() -> None:
    random = Random(0)
    needs = [random.gauss(20, 4) for _ in range(round(21 * DAY_S / SLOT_S))]
    season = Season()
    for slot, need in enumerate(needs):
        season = with_look(season, slot * SLOT_S, need, AHEAD_S, 20.0, 20.0)
        season = with_look(season, (slot + 0.9) * SLOT_S, need, AHEAD_S, 20.0, 20.0)
    rises = [rise(season, 21 * DAY_S + slot * SLOT_S, 20.0) for slot in range(144)]
    assert sum(rises) / len(rises) < 0.1 * 4


def test_a_slot_that_was_not_watched_to_its_end_teaches_nothing() -> None:
    season = watched(each_day, 4 * DAY_S)
    later = with_look(season, 9 * DAY_S, 1000.0, AHEAD_S, CALM, CALM)
    back = with_look(later, 5 * DAY_S, CALM, AHEAD_S, CALM, CALM)
    assert (later.day, later.week) == (back.day, back.week) == (season.day, season.week)
    assert len(back.outlooks) == 1


@given(st.integers(0, 200), st.floats(0, 30), st.floats(0, 30))
def test_more_that_the_trend_expects_is_never_less_with_the_season(slot: int, one: float, other: float) -> None:
    less, more = sorted((one, other))
    assert less + rise(FOUR_DAYS, slot * SLOT_S, less) <= more + rise(FOUR_DAYS, slot * SLOT_S, more) + 1e-9


@given(st.lists(st.floats(0, 60), min_size=1, max_size=40))
def test_in_its_first_three_days_a_policy_answers_as_without_a_clock(demands: list[float]) -> None:
    def with_clock(load: Load, memory: ScalingMemory | None) -> tuple[int, ScalingMemory | None]:
        decision, memory = decide(replace(load, clock_s=1.7e9 + load.now_s), POLICY, memory)
        return decision.replicas["one"], memory

    memory, variant = None, ONE
    for look, (count, _) in enumerate(answers(demands)):
        seen = Load(look * EVERY_S, EVERY_S, demands[look] * EVERY_S, 0.0, (variant,))
        found, memory = with_clock(seen, memory)
        assert found == count
        variant = replace(variant, ready=count)


def of_days(days: int, need: Need, clock: bool) -> tuple[list[int], ScalingMemory]:
    """Answers at each minute."""
    memory, variant, counts = None, replace(ONE, cold_start_s=300.0), []
    for minute in range(days * 1440):
        now_s = minute * 60.0
        work, clock_s = 60.0 * need(now_s - 60.0), now_s if clock else None
        decision, memory = decide(Load(now_s, 60.0, work, 0.0, (variant,), clock_s=clock_s), POLICY, memory)
        variant = replace(variant, ready=decision.replicas["one"])
        counts.append(variant.ready)
    assert memory is not None
    return counts, memory


def test_what_comes_each_morning_is_ready_before_it_comes_and_not_kept_through_the_night() -> None:
    counts, memory = of_days(5, each_day, clock=True)
    last_day, without = counts[-1440:], of_days(5, each_day, clock=False)[0][-1440:]
    assert by_season(memory, 5 * DAY_S)
    assert max(last_day[: 7 * 60]) < BUSY / 4 < BUSY <= last_day[8 * 60 - 5]
    assert max(last_day[10 * 60 :]) < BUSY / 2
    asked = 8 * 60 - round((300.0 + 2 * 60.0 + EARLY_S) / 60)  # a cold start, two looks
    assert last_day[asked - 1] < last_day[asked]
    assert sum(last_day) < sum(without) / 4


@pytest.mark.parametrize(
    ("missed", "days", "gone_by"), [(70.0, 3.0, True), (90.0, 3.0, False), (70.0, 2.9, False), (100.0, 9.0, False)]
)
def test_a_season_is_gone_by_once_it_has_missed_less_for_a_day(missed: float, days: float, gone_by: bool) -> None:
    memory = answers([CALM])[0][1]
    plain, seasonal = replace(memory.plain, missed=100.0), Forecast(ahead=memory.plain.ahead, missed=missed)
    assert by_season(replace(memory, plain=plain, seasonal=seasonal), days * DAY_S) == gone_by
    assert not by_season(replace(memory, plain=plain), days * DAY_S)


def test_what_was_missed_on_the_first_two_days_is_not_held_against_the_trend() -> None:
    assert of_days(2, each_day, clock=True)[1].plain.missed == 0.0
    assert of_days(3, each_day, clock=True)[1].plain.missed > 0.0


@pytest.mark.parametrize("clock_s", [None, math.nan, math.inf])
def test_without_a_clock_there_is_no_season(clock_s: float | None) -> None:
    memory = of_days(4, each_day, clock=True)[1]
    _, after = decide(Load(4 * DAY_S, 60.0, 60.0, 0.0, (ONE,), clock_s=clock_s), POLICY, memory)
    assert after is not None
    assert (after.season, after.seasonal) == (memory.season, Forecast())


def test_a_load_that_is_always_the_same_has_no_season() -> None:
    counts, memory = of_days(3, never, clock=True)
    assert (counts, False) == (of_days(3, never, clock=False)[0], by_season(memory, 3 * DAY_S))


FOUR_DAYS = watched(each_day, 4 * DAY_S)
