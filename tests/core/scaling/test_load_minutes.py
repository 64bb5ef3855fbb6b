"""The load by minute, from what replicas tell: nothing twice, nothing that nobody watched."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.scaling.load_minutes import MOST_HOLE_S, LoadMinute, gained, minutes, unbroken
from orchestrator.core.scaling.seen import ReplicaSample
from tests.core.scaling.seen_pools import BEGIN_S, PLACES, TOKENS, PoolRun

NOTHING = LoadMinute(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0)


def watched(run: PoolRun, loads: list[float]) -> list[LoadMinute]:
    found = []
    for load in loads:
        before = run.memory
        run.step(load)
        assert run.last is not None
        assert run.memory is not None
        found.append(gained(run.last, before, run.memory))
    return found


@given(st.lists(st.integers(0, 30), min_size=2, max_size=200))
@settings(max_examples=40, deadline=None)
def test_all_that_was_answered_and_generated_is_counted_once(loads: list[int]) -> None:
    run = PoolRun()
    run.step(0.0)
    answered = run.answered
    found = list(minutes(watched(run, [float(load) for load in loads])))
    assert sum(each.watched_s for each in found) == len(loads)
    assert sum(each.requests for each in found) <= run.answered - answered + 1e-6
    gone = sum(each.generation_tokens for each in found)
    assert gone == pytest.approx((run.answered - answered) * TOKENS)
    assert [each.begin_s for each in found] == sorted({each.begin_s for each in found})


def test_a_minute_says_what_was_there_and_what_waited() -> None:
    run = PoolRun(most=1)
    run.step(0.0)
    (found,) = minutes(watched(run, [8.0] * 10))
    assert (found.begin_s, found.watched_s) == (BEGIN_S // 60 * 60, 10)
    assert found.requests == 9 * PLACES  # counted from the first count of them on
    assert found.waiting == 40  # four a second more than are served
    assert (found.ready, found.asked, found.held) == (1, 1, 0)
    assert found.demand == pytest.approx(2.0, rel=0.2)


def test_what_waits_in_the_gateway_is_told_apart() -> None:
    run = PoolRun()
    run.step(1.0)
    assert run.last is not None
    before = run.memory
    run.now_s += 1
    run.look(replace(run.seen(1.0), held_requests=3.0))
    assert run.memory is not None
    assert run.last is not None
    found = gained(run.last, before, run.memory)
    assert (found.held, found.waiting) == (3.0, 3.0)


@pytest.mark.parametrize("jump_s", [-3600.0, 61.0, 86_400.0])
def test_what_nobody_watched_is_not_counted(jump_s: float) -> None:
    run = PoolRun()
    watched(run, [3.0] * 10)
    run.now_s += jump_s
    run.answered += 1000
    run.tokens = {name: tokens + 1e6 for name, tokens in run.tokens.items()}
    (found,) = watched(run, [3.0])
    assert (found.watched_s, found.requests, found.generation_tokens, found.work_s) == (0.0, 0.0, 0.0, 0.0)


def test_totals_that_begin_anew_take_nothing_away() -> None:
    run = PoolRun()
    watched(run, [3.0] * 10)
    run.answered = 0.0
    run.tokens = dict.fromkeys(run.tokens, 0.0)
    first, second = watched(run, [3.0, 3.0])
    assert first.generation_tokens == 0.0
    assert second.generation_tokens == 3 * TOKENS
    assert first.requests + second.requests == 6.0


def test_a_replica_that_nobody_saw_begin_is_counted_from_where_it_is_met() -> None:
    run = PoolRun(asked=2)
    watched(run, [3.0] * 10)
    run.ages_s["old"], run.tokens["old"] = 500.0, 1e6
    (found,) = watched(run, [0.0])
    assert found.generation_tokens == 0.0


def test_a_look_that_learned_nothing_adds_no_work() -> None:
    run = PoolRun()
    watched(run, [3.0] * 10)
    before = run.memory
    run.now_s += 1
    run.look(run.told(None))
    assert run.memory is not None
    assert gained(run.told(None), before, run.memory).work_s == 0.0


def test_what_is_no_sensible_sample_tells_of_nobody_who_waits() -> None:
    run = PoolRun()
    watched(run, [3.0] * 10)
    seen = run.told(ReplicaSample(500.0, 0.0, math.nan, 0.0, 0.0, 4.0))
    before = run.memory
    run.look(seen)
    assert run.memory is not None
    assert gained(seen, before, run.memory).waiting == 0.0


def test_parts_of_a_minute_are_one() -> None:
    one = LoadMinute(60.0, 20.0, 3.0, 4.0, 5.0, 6.0, 7.0, 2.0, 1, 3)
    other = LoadMinute(60.0, 30.0, 1.0, 1.0, 1.0, 1.0, 5.0, 1.0, 2, 2)
    assert list(minutes([one, other])) == [LoadMinute(60.0, 50.0, 4.0, 5.0, 6.0, 7.0, 7.0, 2.0, 2, 2)]


def test_the_first_look_ever_counts_nothing() -> None:
    (found,) = watched(PoolRun(answered=500.0), [3.0])
    assert (found.watched_s, found.requests, found.generation_tokens) == (0.0, 0.0, 0.0)


def test_holes_are_minutes_of_nothing() -> None:
    one, other = replace(NOTHING, begin_s=120.0, requests=5.0), replace(NOTHING, begin_s=300.0, requests=7.0)
    assert [(each.begin_s, each.requests) for each in unbroken([one, other])] == [
        (120.0, 5.0), (180.0, 0.0), (240.0, 0.0), (300.0, 7.0),
    ]  # fmt: skip
    assert list(unbroken([])) == []


def test_of_what_lies_before_a_jump_of_the_clock_nothing_is_left() -> None:
    late = replace(NOTHING, begin_s=120.0 + MOST_HOLE_S + 60.0)
    assert list(unbroken([replace(NOTHING, begin_s=120.0), late])) == [late]
