"""How far single requests stray from the mean time for a token, and what that leaves to be planned."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.pace import Line, Written
from orchestrator.core.scaling.tpot_spread import (
    BINS,
    MEMORY_S,
    MOST_REQUESTS,
    WIDTH,
    TpotCounts,
    TpotSpread,
    tpot_bin,
    tpot_ratio,
    with_requests,
    with_writing,
)
from tests.core.scaling.seen_pools import PoolRun

LINE = Line(0.01, 0.002)
TOKENS = 100.0
NEAR = math.expm1(2 * WIDTH)  # two bins are rounded

counts = st.dictionaries(st.integers(0, BINS - 1), st.floats(0, 1e300), max_size=20)
shares = st.floats(0.5, 1.0)


def at_mean(mean_s: float) -> TpotSpread:
    return TpotSpread(mean_s=mean_s)


def after(mean_s: float, *tpots: tuple[float, float]) -> TpotSpread:
    """When so many requests had a TPOT, of which each is first, while the mean was `mean_s`."""
    return with_requests(at_mean(mean_s), {tpot_bin(tpot_s): count for tpot_s, count in tpots})


class TestRatio:
    def test_it_is_that_of_the_request_which_only_those_that_may_be_late_exceed(self) -> None:
        spread = after(0.02, (0.02, 950.0), (0.04, 45.0), (0.2, 5.0))
        assert tpot_ratio(spread, 0.9) == 1.0
        assert tpot_ratio(spread, 0.99) == pytest.approx(2.0, rel=NEAR)
        assert tpot_ratio(spread, 0.999) == pytest.approx(10.0, rel=NEAR)

    def test_nothing_seen_and_one_that_was_late_are_nothing_to_go_by(self) -> None:
        assert tpot_ratio(TpotSpread(), 0.999) == 1.0
        assert tpot_ratio(after(0.02, (0.02, 20.0), (0.5, 1.0)), 0.999) == 1.0
        assert tpot_ratio(after(0.02, (0.02, 20.0), (0.5, 2.0)), 0.999) > 20.0

    def test_faster_requests_than_the_mean_plan_no_more_than_the_mean(self) -> None:
        assert tpot_ratio(after(0.02, (0.01, 1000.0)), 0.5) == 1.0

    @given(counts, counts, shares, shares)
    def test_a_stricter_share_has_no_smaller_ratio(
        self, first: TpotCounts, then: TpotCounts, one: float, other: float
    ) -> None:
        spread = with_requests(with_requests(at_mean(0.02), first), then)
        assert 1.0 <= tpot_ratio(spread, min(one, other)) <= tpot_ratio(spread, max(one, other)) < math.inf


class TestRequests:
    def test_what_was_counted_before_is_not_counted_again(self) -> None:
        spread = after(0.02, (0.02, 3.0))
        assert with_requests(spread, {tpot_bin(0.02): 5.0}).requests == {0: 5.0}

    def test_a_count_that_fell_and_one_before_any_mean_is_only_counted_on_from(self) -> None:
        fallen = with_requests(after(0.02, (0.02, 3.0)), {tpot_bin(0.02): 1.0})
        assert (fallen.requests, fallen.counted) == ({0: 3.0}, {tpot_bin(0.02): 1.0})
        assert with_requests(TpotSpread(), {7: 9.0}) == TpotSpread(counted={7: 9.0})

    def test_gateways_that_tell_nothing_for_a_moment_are_no_new_beginning(self) -> None:
        spread = after(0.02, (0.02, 3.0))
        assert with_requests(spread, {}) == spread

    @pytest.mark.parametrize(
        ("seconds", "requests", "left"),
        [
            (MEMORY_S, 100.0, 1000.0),  # as long as there are few, they are kept however old
            (60.0, 10 * MOST_REQUESTS, 1000.0 * (1 - 60 / MEMORY_S)),  # and as long as they are of a day, however many
            (MEMORY_S, MOST_REQUESTS - 100, 100.0),
            (2 * MEMORY_S, MOST_REQUESTS, 0.0),
        ],
    )
    def test_those_fade_that_are_older_than_a_day_and_than_many_others(
        self, seconds: float, requests: float, left: float
    ) -> None:
        late = with_writing(after(0.02, (0.2, 1000.0)), [Written(0.0, 5.0, seconds)], LINE, TOKENS)
        later = with_requests(late, {**late.counted, tpot_bin(0.02): requests})
        (place,) = late.requests
        assert later.requests[place] == pytest.approx(left)
        assert later.written_s == 0.0


class TestMean:
    def test_it_is_what_the_pace_tells_of_the_streams_that_write(self) -> None:
        many, few = Written(0.0, 20.0, 1.0), Written(0.0, 5.0, 1.0)
        assert with_writing(TpotSpread(), [many], LINE, TOKENS).mean_s == pytest.approx(0.05)
        both = with_writing(TpotSpread(), [many, few], LINE, TOKENS)  # four streams in five have it at 0.05
        assert both.mean_s == pytest.approx(0.8 * 0.05 + 0.2 * 0.02)

    def test_it_is_of_the_time_that_a_request_takes(self) -> None:
        """At 20 ms a token a request of 100 tokens takes two seconds, so that one second is half of it."""
        assert with_writing(at_mean(0.02), [Written(0.0, 20.0, 1.0)], LINE, TOKENS).mean_s == pytest.approx(0.035)
        assert with_writing(at_mean(0.02), [Written(0.0, 20.0, 9.0)], LINE, TOKENS).mean_s == pytest.approx(0.05)

    def test_it_stays_while_nobody_writes_or_no_pace_is_known(self) -> None:
        assert with_writing(at_mean(0.02), [], LINE, TOKENS) == at_mean(0.02)
        assert with_writing(at_mean(0.02), [Written(5.0, 2.0, 1.0)], None, TOKENS) == at_mean(0.02)


@given(st.floats())
def test_every_time_has_a_bin(tpot_s: float) -> None:
    assert 0 <= tpot_bin(tpot_s) < BINS


class TestPool:
    def pool(self, slow: float, attainment: float = 0.999, tpot_s: float = 0.08) -> PoolRun:
        """After five minutes in which, of ten requests a second, this share took three times the mean."""
        pool = PoolRun(goal=ScalingGoal(tpot_s=tpot_s, attainment=attainment))
        pool.run(30, 3.0)
        assert pool.memory is not None
        mean_s = pool.memory.tpots["demo"].mean_s
        for second in range(1, 301):
            pool.tpots = {
                tpot_bin(mean_s): 10.0 * second * (1 - slow),
                tpot_bin(3 * mean_s): 10.0 * second * slow,
            }
            pool.step(3.0)
        return pool

    def planned(self, slow: float, attainment: float = 0.999) -> float:
        """Streams at once."""
        step = self.pool(slow, attainment).said("pace")
        assert step is not None
        return step.value

    def test_requests_that_stray_leave_room_for_fewer_streams(self) -> None:
        assert self.planned(0.05) == pytest.approx(self.planned(0.0) / 3, rel=0.2)

    def test_more_replicas_are_asked_for_where_each_has_room_for_fewer(self) -> None:
        assert self.pool(0.0, tpot_s=0.02).asked < self.pool(0.05, tpot_s=0.02).asked

    def test_as_long_as_no_more_stray_than_may_it_is_the_mean_that_counts(self) -> None:
        assert self.planned(0.05, attainment=0.9) == self.planned(0.0)
