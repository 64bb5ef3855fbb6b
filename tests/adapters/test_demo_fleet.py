"""adapters.demo_fleet: a simulated fleet, as fast as was predicted, that goes through all that a screen can show."""

from __future__ import annotations

import pytest

from orchestrator.adapters.demo_fleet import course
from orchestrator.adapters.demo_fleet.engine import Engine, Request
from orchestrator.adapters.demo_fleet.make import BEGIN_S, snapshots
from orchestrator.adapters.demo_fleet.planned import planned
from orchestrator.adapters.demo_fleet.replicas import PLACED_S
from orchestrator.adapters.demo_fleet.site import DIED
from orchestrator.core.live.replica_state import ReplicaState, state_of
from orchestrator.core.live.snapshot import Snapshot

VARIANTS = planned().spec.variants


@pytest.fixture(scope="module")
def shown() -> list[Snapshot]:
    return list(snapshots())


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.device_name)
def test_one_stream_is_as_fast_as_was_predicted(variant):
    speed = variant.predicted.speed
    engine = Engine(speed, variant.engine.max_num_seqs)
    engine.waiting.append(Request(0.0, 1e9))
    engine.step(1.0, 1.0)
    before = engine.generation_tokens_total
    engine.step(2.0, 1.0)
    assert engine.generation_tokens_total - before == pytest.approx(speed.decode_tok_s)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.device_name)
def test_many_streams_are_as_fast_together_as_was_predicted(variant):
    speed = variant.predicted.speed
    engine = Engine(speed, speed.saturation_concurrency)
    for second in range(300):
        while len(engine.waiting) < 100:
            engine.waiting.append(Request(float(second), float(speed.output_tokens)))
        if second == 100:
            before = engine.generation_tokens_total
        engine.step(float(second), 1.0)
    assert (engine.generation_tokens_total - before) / 200 == pytest.approx(speed.saturation_tok_s, rel=0.1)


def test_a_clock_that_is_held_down_makes_it_slower():
    fast, slow = (Engine(VARIANTS[0].predicted.speed, 256) for _ in range(2))
    for engine, pace in ((fast, 1.0), (slow, course.HOT_SPEED)):
        engine.waiting.append(Request(0.0, 1e9))
        engine.step(1.0, pace)
    assert slow.generation_tokens_total < 0.75 * fast.generation_tokens_total


def test_it_goes_through_a_scale_up_a_failure_a_hot_gpu_and_a_silent_source(shown: list[Snapshot]):
    states = {state_of(row) for snapshot in shown for row in snapshot.replicas}
    assert {ReplicaState.READY, ReplicaState.STARTING, ReplicaState.FAILED} <= states
    assert max(snapshot.summary.ready_replicas for snapshot in shown) > shown[0].summary.ready_replicas
    assert any(row.throttled for snapshot in shown for row in snapshot.replicas)
    assert any(source.error for snapshot in shown for source in snapshot.sources)
    assert any((s.summary.ttft_p99_s or 0.0) > (s.summary.ttft_goal_s or 0.0) for s in shown)
    assert all(snapshot.fleet == "simulated" and snapshot.phase for snapshot in shown)


def test_a_replica_whose_engine_died_is_replaced_and_counted(shown: list[Snapshot]):
    failed = {row.replica_id for each in shown for row in each.replicas if state_of(row) is ReplicaState.FAILED}
    assert len(failed) == 1
    assert not failed & {row.replica_id for row in shown[-1].replicas}
    assert {(row.restarts, row.restart_reason) for row in shown[-1].replicas if row.restarts} == {(1, DIED)}


def test_what_an_engine_tells_and_the_gateway_counts_of_it_fills_the_cells_of_its_row(shown: list[Snapshot]):
    rows = [row for row in shown[-1].replicas if state_of(row) is ReplicaState.READY and row.generation_tok_s]
    assert rows
    for row in rows:
        told = (row.ttft_p50_s, row.ttft_p99_s, row.tpot_s, row.prefix_cache_hits, row.load_s)
        assert all(value and value > 0 for value in told)
        assert row.placed_s == pytest.approx(PLACED_S)
        assert row.revision.startswith("qwen3.5-4b-")
    assert max(row.errors_per_min or 0.0 for each in shown for row in each.replicas) > 0


def test_the_fleets_seconds_a_token_are_between_those_of_its_engines(shown: list[Snapshot]):
    summary, rows = shown[-1].summary, shown[-1].replicas
    paces = [row.tpot_s for row in rows if row.tpot_s]
    assert summary.tpot_p50_s
    assert 0.5 * min(paces) < summary.tpot_p50_s < 2 * max(paces)


def test_a_silent_source_keeps_what_it_said_last(shown: list[Snapshot]):
    silent = next(snapshot for snapshot in reversed(shown) if course.DRIVER_HANGS.holds(snapshot.at_s - BEGIN_S))
    (gpus,) = (source for source in silent.sources if source.error)
    assert gpus.at_s is not None
    assert silent.at_s - gpus.at_s > 20
    assert silent.gpus


def test_no_request_is_lost_with_an_engine(shown: list[Snapshot]):
    assert shown[-1].summary.num_requests_waiting == 0
    assert all((snapshot.summary.errors_per_min or 0.0) == 0.0 for snapshot in shown)
