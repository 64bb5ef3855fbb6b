"""What is learned of replicas, requests and starts, a small thing at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.scaling.cold_start import LEAST_STUCK_S, STUCK_TIMES, ColdStart, begun, ended, stuck
from orchestrator.core.scaling.mean_request import MeanRequest, Served, with_served
from orchestrator.core.scaling.parts import whole
from orchestrator.core.scaling.pool_load import pool_load
from orchestrator.core.scaling.pool_look import looked, taught
from orchestrator.core.scaling.pool_memory import MOST_GAP_S, PoolMemory, at, first_memory
from orchestrator.core.scaling.prior import TokenWork
from orchestrator.core.scaling.replica_track import ReplicaTrack, Window, followed
from orchestrator.core.scaling.seen import PoolSeen, ReplicaSample, VariantSeen
from tests.core.scaling.seen_pools import NAME, PRIOR

WORK = TokenWork(0.5, 1.0)
BEFORE = ReplicaSample(100.0, 2.0, 0.0, 1000.0, 500.0, 4.0)
TRACK = ReplicaTrack(BEFORE, 50.0)


def after(**changes: float) -> ReplicaSample:
    return BEFORE._replace(**{"clock_s": BEFORE.clock_s + 1, **changes})


class TestAReplica:
    def test_its_gain_is_the_difference_of_its_totals(self) -> None:
        _, gain = followed(TRACK, after(prompt_tokens_total=1010.0, generation_tokens_total=520.0), 51.0, WORK)
        assert gain is not None
        assert (gain.served, gain.unfinished, gain.seconds) == (10 * 0.5 + 20, 2.0, 1.0)

    @pytest.mark.parametrize("total", ["prompt_tokens_total", "generation_tokens_total"])
    def test_a_total_that_fell_tells_nothing_and_is_where_it_goes_on_from(self, total: str) -> None:
        anew = after(**{total: 3.0})
        track, gain = followed(TRACK, anew, 51.0, WORK)
        assert gain is None
        assert track == ReplicaTrack(anew, 51.0)

    def test_one_met_late_tells_nothing_at_first_and_a_young_one_all_that_it_did(self) -> None:
        _, late = followed(None, BEFORE, 51.0, WORK)
        _, young = followed(None, BEFORE._replace(clock_s=1.0), 51.0, WORK)
        assert late is None
        assert young is not None
        assert young.served == 1000 * 0.5 + 500

    def test_a_full_time_is_from_the_end_of_a_request_to_the_end_of_another(self) -> None:
        track, windows = ReplicaTrack(after(num_requests_running=4.0), 50.0), []
        for second, tokens in enumerate((500.0, 600.0, 600.0, 700.0), 2):
            sample = after(clock_s=100.0 + second, num_requests_running=4.0, generation_tokens_total=tokens)
            found, gain = followed(track, sample, 50.0 + second, WORK)
            assert found is not None
            assert gain is not None
            track, windows = found, [*windows, gain.full]
        assert windows == [None, None, None, Window(100.0, 2.0)]

    def test_a_replica_that_had_room_in_between_was_not_full(self) -> None:
        full = ReplicaTrack(after(num_requests_running=4.0), 50.0, Window(5.0, 1.0))
        track, _ = followed(full, after(clock_s=102.0), 52.0, WORK)
        assert track is not None
        sample = after(clock_s=103.0, num_requests_running=4.0, generation_tokens_total=900.0)
        track, gain = followed(track, sample, 53.0, WORK)
        assert gain is not None
        assert (track and track.window, gain.full) == (None, None)


class TestStarts:
    def test_the_one_that_was_asked_for_first_is_ready_first(self) -> None:
        cold = begun(begun(ColdStart(10.0), 1, 100.0), 2, 104.0)
        assert cold.asked_at_s == (100.0, 104.0)
        done = ended(cold, 1, 120.0)
        assert (done.usual_s, done.asked_at_s) == ((10 + 20) / 2, (104.0,))

    def test_those_given_up_are_the_last(self) -> None:
        assert begun(ColdStart(10.0, 1.0, (100.0, 104.0)), 1, 105.0).asked_at_s == (100.0,)

    def test_one_that_nobody_asked_for_teaches_nothing(self) -> None:
        assert ended(ColdStart(10.0), 2, 120.0) == ColdStart(10.0)

    def test_a_few_times_the_usual_is_too_long(self) -> None:
        cold = ColdStart(20.0, 1.0, (100.0, 125.0))
        late_s = 100 + STUCK_TIMES * 20
        assert (stuck(cold, late_s), stuck(cold, late_s + 1)) == (0, 1)

    def test_a_short_one_may_take_longer_on_a_busy_host(self) -> None:
        cold = ColdStart(1.0, 1.0, (100.0,))
        late_s = 100 + LEAST_STUCK_S
        assert (stuck(cold, late_s), stuck(cold, late_s + 1)) == (0, 1)


class TestRequests:
    def test_the_mean_nears_what_was_served_for_those_answered(self) -> None:
        mean = with_served(MeanRequest(1.0, 100.0), Served(), 100.0)
        for total in range(110, 600, 10):
            mean = with_served(mean, Served(30.0, 500.0), float(total))
        assert (mean.work, mean.generation_tokens) == pytest.approx((3.0, 50.0), rel=0.02)
        assert mean.work_of_token == pytest.approx(0.06, rel=0.02)

    def test_a_count_that_begins_anew_teaches_nothing(self) -> None:
        mean = MeanRequest(1.0, 100.0, total=100.0)
        assert with_served(mean, Served(5.0, 9.0), 3.0) == replace(mean, total=3.0)
        assert with_served(mean, Served(5.0, 9.0), None) == mean


def one_look(memory: PoolMemory, now_s: float, **replicas: ReplicaSample | None) -> tuple[float | None, PoolMemory]:
    """What arrived, and the memory."""
    seen = PoolSeen(now_s, (VariantSeen(NAME, 1, 9, len(replicas), replicas),))
    memory, interval_s = at(memory, now_s)
    look = whole(looked(seen, PRIOR, memory))
    before, memory = memory, taught(look, memory)
    load, memory = pool_load(look, before, memory, interval_s)
    return load.arrived, memory


def sample(second: float, unfinished: float, tokens: float) -> ReplicaSample:
    return ReplicaSample(100.0 + second, unfinished, 0.0, 0.0, tokens, 4.0)


class TestArrivals:
    @given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 900)), min_size=1, max_size=30))
    def test_all_that_was_served_arrived_and_nothing_else_whatever_ended_when(
        self, seconds: list[tuple[int, int]]
    ) -> None:
        _, memory = one_look(first_memory(PRIOR, 0.0), 0.0, r0=sample(0, 0, 0))
        arrived, tokens = 0.0, 0
        for second, (unfinished, served) in enumerate([*seconds, (0, 0)], 1):
            tokens += served
            found, memory = one_look(memory, float(second), r0=sample(second, unfinished, tokens))
            assert found is not None
            assert found >= 0
            arrived += found
        assert arrived + memory.owed == pytest.approx(tokens * PRIOR.work.generation)

    def test_a_silent_replica_is_taken_to_do_as_the_others(self) -> None:
        _, memory = one_look(first_memory(PRIOR, 0.0), 0.0, r0=sample(0, 1, 0), r1=None)
        arrived, _ = one_look(memory, 1.0, r0=sample(1, 1, 300.0), r1=None)
        assert arrived == pytest.approx(2 * 3.0)

    def test_what_is_held_arrives_once(self) -> None:
        memory = first_memory(PRIOR, 0.0)
        seen = PoolSeen(0.0, (VariantSeen(NAME, 0, 9, 0, {}),), held_requests=3.0)
        arrived = []
        for second in range(3):
            memory, interval_s = at(memory, float(second))
            look = whole(looked(seen, PRIOR, memory))
            load, memory = pool_load(look, memory, taught(look, memory), interval_s)
            arrived.append(load.arrived)
        assert arrived == [3.0, 0.0, 0.0]


def test_days_are_told_by_the_clock_and_not_by_the_time_that_was_watched() -> None:
    memory, interval_s = at(replace(first_memory(PRIOR, 1.7e9), watched_s=40.0), 1.7e9 + 1)
    look = whole(looked(PoolSeen(1.7e9 + 1, (VariantSeen(NAME, 0, 9, 0, {}),)), PRIOR, memory))
    load, _ = pool_load(look, memory, taught(look, memory), interval_s)
    assert (load.now_s, load.clock_s) == (41.0, 1.7e9 + 1)


@pytest.mark.parametrize("jump_s", [-1.0, MOST_GAP_S + 1])
def test_time_that_was_not_watched_is_left_out_and_replicas_are_met_anew(jump_s: float) -> None:
    memory = replace(first_memory(PRIOR, 100.0), watched_s=40.0, tracks={"r0": TRACK})
    later, interval_s = at(memory, 100.0 + jump_s)
    assert (interval_s, later.watched_s, later.tracks) == (0.0, 40.0, {})
    assert at(memory, 102.0)[0].watched_s == 42.0
