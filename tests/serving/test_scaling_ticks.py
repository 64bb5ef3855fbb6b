"""When the policy looks, and how much of a look one tick takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from orchestrator.core.scaling.parts import Parts
from orchestrator.serving.scaling_ticks import LOOK_PERIOD_S, MOST_REPLICAS, MOST_SHARE, ScalingTicks

TICK_S = 0.1


class Looks:
    """Looks at so many parts of the same size, and when each part was done."""

    def __init__(self, parts: int, replicas: int) -> None:
        self.parts, self.replicas = parts, replicas
        self.begun_s: list[float] = []
        self.done = 0

    def __call__(self, contexts: Mapping[Any, Any], now_s: float) -> Parts[None]:
        self.begun_s.append(now_s)
        for _ in range(self.parts):
            self.done += 1
            yield self.replicas


def test_a_tick_takes_as_many_parts_of_a_look_as_there_is_time_for() -> None:
    looks = Looks(5, MOST_REPLICAS // 2)
    ticks, done = ScalingTicks(looks), []
    for tick in range(4):
        ticks.tick({}, tick * TICK_S)
        done.append(looks.done)
    assert done == [2, 4, 5, 5]


def test_a_part_that_is_larger_than_a_tick_is_done_whole() -> None:
    looks = Looks(2, 3 * MOST_REPLICAS)
    ticks = ScalingTicks(looks)
    ticks.tick({}, 0.0)
    assert looks.done == 1


def test_a_look_at_few_replicas_takes_one_tick_and_the_next_waits_for_its_time() -> None:
    looks = Looks(3, 1)
    ticks = ScalingTicks(looks)
    for tick in range(11):
        ticks.tick({}, tick * TICK_S)
    assert (looks.begun_s, looks.done) == ([0.0, LOOK_PERIOD_S, 2 * LOOK_PERIOD_S], 9)


def test_no_look_begins_before_the_one_before_has_ended_however_the_clock_jumps() -> None:
    looks = Looks(2, MOST_REPLICAS)
    ticks = ScalingTicks(looks)
    for now_s in (100.0, 5.0, 900.0, 900.1):
        ticks.tick({}, now_s)
    assert (looks.begun_s, looks.done) == ([100.0, 900.1], 3)


def test_the_next_look_waits_for_its_share_of_the_time_that_all_ticks_of_a_look_took(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A part takes 2 ms by the clock that the looks turn."""
    looks = Looks(4, MOST_REPLICAS)
    monkeypatch.setattr("orchestrator.serving.scaling_ticks.thread_time", lambda: 0.002 * looks.done)
    ticks = ScalingTicks(looks)
    for tick in range(100):
        ticks.tick({}, tick * TICK_S)
    assert looks.begun_s[-1] - looks.begun_s[-2] == pytest.approx(4 * 0.002 / MOST_SHARE, abs=1.01 * TICK_S)
