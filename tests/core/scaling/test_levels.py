"""How long a level of need is waited for: a while at first, and longer where that has been too soon."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from orchestrator.core.scaling.levels import FADING_S, LONGER_TIMES, SPARE, STEP, Levels, with_need, worth_having

FIRST_S, WORTH_S = 100.0, 10_000.0


def seen(*needs: tuple[float, float], ready: float = 1.0) -> Levels:
    """After needs from moments on."""
    levels = Levels()
    for at_s, need in needs:
        levels = with_need(levels, at_s, need, ready, FIRST_S, WORTH_S)
    return levels


def worth(levels: Levels, now_s: float) -> float:
    return worth_having(levels, now_s, FIRST_S)


def test_what_was_needed_once_is_worth_having_for_a_while() -> None:
    levels = seen((0, 0.3), (50, 3.0), (60, 0.3))
    assert 3.0 < worth(levels, 60 + FIRST_S - 1) <= 3.0 * SPARE * STEP
    assert worth(levels, 60 + FIRST_S) == 1.0


def test_nothing_is_worth_having_before_anything_came_and_one_when_all_is_long_ago() -> None:
    assert worth(Levels(), 0.0) == worth(seen((0, 0.0)), 0.0) == 0.0
    assert worth(seen((0, 3.0), (9, 0.0)), 9 + FIRST_S) == 1.0


def test_what_came_back_and_was_missed_is_waited_for_longer() -> None:
    levels = seen((0, 5.0), (10, 0.3), (500, 5.0), (510, 0.3))
    assert worth(levels, 509 + LONGER_TIMES * 490 - 1) > 5.0
    assert worth(levels, 511 + LONGER_TIMES * 490) == 1.0


def test_what_is_above_a_level_is_waited_for_as_long() -> None:
    levels = seen((0, 9.0), (10, 0.3), (500, 5.0), (510, 0.3))
    assert worth(levels, 10 + LONGER_TIMES * 490 - 1) > 9.0
    new = seen((0, 5.0), (10, 0.3), (500, 5.0), (510, 9.0), (520, 0.3))
    assert worth(new, 520 + LONGER_TIMES * 490 - 1) > 9.0


@pytest.mark.parametrize(("back_s", "ready"), [(500.0, 9.0), (10.0 + WORTH_S + 1, 1.0)])
def test_what_was_met_or_came_back_too_late_to_be_worth_it_teaches_nothing(back_s: float, ready: float) -> None:
    levels = seen((0, 5.0), (10, 0.3), (back_s, 5.0), (back_s + 10, 0.3), ready=ready)
    assert worth(levels, back_s + 10 + FIRST_S) == 1.0


def test_what_was_learned_of_a_gap_fades_with_shorter_ones() -> None:
    levels = seen((0, 5.0), (10, 0.3), (9000, 5.0))
    longest_s, at_s = levels.gaps_s[-1], 9000.0
    for _ in range(200):
        levels = with_need(with_need(levels, at_s, 0.3, 1.0, FIRST_S, WORTH_S), at_s + 1000, 5.0, 1.0, FIRST_S, WORTH_S)
        at_s += 1000
    assert levels.gaps_s[-1] == pytest.approx(longest_s * math.exp(-200 * 1000 / FADING_S))


@given(st.floats(0, 1000), st.floats(0, 1000), st.floats(0, 1000))
def test_more_need_is_never_less_worth(before: float, one: float, other: float) -> None:
    levels = seen((0, before), (10, before / 2))
    few, many = (with_need(levels, 60, need, 1.0, FIRST_S, WORTH_S) for need in sorted((one, other)))
    assert worth(few, 60) <= worth(many, 60)


class Needs(RuleBasedStateMachine):
    """Whatever is needed when."""

    def __init__(self) -> None:
        super().__init__()
        self.levels, self.now_s, self.need, self.most = Levels(), 0.0, 0.0, 0.0

    @rule(after_s=st.floats(0, 2 * WORTH_S), need=st.floats(0, 500), ready=st.floats(0, 500))
    def look(self, after_s: float, need: float, ready: float) -> None:
        self.now_s, self.need, self.most = self.now_s + after_s, need, max(self.most, need)
        self.levels = with_need(self.levels, self.now_s, need, ready, FIRST_S, WORTH_S)

    @invariant()
    def what_is_needed_is_worth_having_and_little_more_than_ever_was(self) -> None:
        assert self.need <= worth(self.levels, self.now_s) <= max(1.0, self.most * SPARE * STEP * (1 + 1e-9))

    @invariant()
    def nothing_is_waited_for_forever(self) -> None:
        long_after_s = self.now_s + LONGER_TIMES * WORTH_S + FIRST_S
        assert worth(self.levels, long_after_s) <= max(1.0, self.need * SPARE * STEP * (1 + 1e-9))

    @invariant()
    def a_higher_level_is_waited_for_as_long(self) -> None:
        assert list(self.levels.gaps_s) == sorted(self.levels.gaps_s)
        assert len(self.levels.gaps_s) == len(self.levels.left_at_s)


TestNeeds = Needs.TestCase


def test_need_is_unawaited_from_where_it_was_not_waited_for_until_it_falls() -> None:
    known = seen((0, 9.0), (10, 2.0))
    assert not known.unawaited
    risen, beyond = (with_need(known, 50, need, 1.0, FIRST_S, WORTH_S) for need in (9.0, 12.0))
    assert (risen.unawaited, beyond.unawaited) == (False, True)
    assert with_need(beyond, 60, 12.0, 1.0, FIRST_S, WORTH_S).unawaited
    assert not with_need(beyond, 60, 8.0, 1.0, FIRST_S, WORTH_S).unawaited
    assert with_need(known, 20 + FIRST_S, 9.0, 1.0, FIRST_S, WORTH_S).unawaited
