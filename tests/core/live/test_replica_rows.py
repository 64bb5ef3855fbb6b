"""Replicas as rows: what each source tells of them, and nothing where none does."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import pytest

from orchestrator.core.deployment import GATEWAY, Predicted
from orchestrator.core.fleet import Fleet, Scaling
from orchestrator.core.live.course import Course, Window
from orchestrator.core.live.gpu_rows import gpu_rows
from orchestrator.core.live.reading import EngineTraffic
from orchestrator.core.live.replica_rows import replica_rows
from orchestrator.core.live.replica_state import is_faulty, state_of
from orchestrator.core.live.restarts import Restarts
from orchestrator.core.live.snapshot import ReplicaRow
from orchestrator.core.prediction import Prediction
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.scaling.goal import ScalingGoal
from tests.core.live.made import BEGIN_S, VARIANT, dead, fleet, gpu, histogram, on_host, replica, view

NO_COURSE = Course()
SPEED = Prediction(50.0, 1000.0, 16, 5000.0, 0.2, 512, 128, 20.0, ())


def rows(seen: Fleet, course: Course = NO_COURSE, *gpus: object) -> dict[str, ReplicaRow]:
    return {each.replica_id: each for each in replica_rows(seen, gpu_rows(on_host(*gpus)), course)}


def test_engines_come_first_by_their_variants_and_the_gateway_last() -> None:
    seen = fleet(replica("z"), replica("b", deployment="zeta"), replica("a", deployment="zeta"))
    assert list(rows(seen)) == ["z", "a", "b", "g"]


def test_an_engine_is_told_with_how_fast_it_is() -> None:
    then = view(100, 50, 1.0, prefix_cache_queries_total=0, prefix_cache_hits_total=0)
    now = view(
        400, 350, 4.0, kv_cache_usage=0.5, num_requests_waiting=3, memory_bytes=7, revision="demo-gguf, llama.cpp 1",
        prefix_cache_queries_total=300, prefix_cache_hits_total=75, started_at_s=BEGIN_S + 2.5,
    )  # fmt: skip
    found = rows(fleet(replica("a", now)), Course({"a": Window(then, now, 10.0)}))["a"]
    assert (found.generation_tok_s, found.prompt_tok_s, found.tpot_s) == (30.0, 30.0, pytest.approx(0.01))
    assert (found.kv_cache_usage, found.num_requests_running, found.num_requests_waiting) == (0.5, 1, 3)
    assert (found.memory_used_bytes, found.max_num_seqs, found.load_s, found.placed_s) == (7, 8, 4.0, 2.5)
    assert (found.prefix_cache_hits, found.revision) == (0.25, "demo-gguf, llama.cpp 1")
    assert (found.host, found.gpus, found.ready) == ("10.0.0.1", (), True)


def test_an_engine_on_gpus_is_told_with_theirs() -> None:
    on_gpus = view(devices=("GPU-1", "GPU-unseen"), memory_bytes=7)
    found = rows(fleet(replica("a", on_gpus)), Course(), gpu(0), gpu(1, "GPU-1", memory_used_bytes=99))["a"]
    assert (found.host, found.gpus, found.memory_used_bytes) == ("node1", (1,), 99)


def test_what_clients_got_of_it_is_that_of_its_window() -> None:
    then, now = EngineTraffic(1, histogram(1, 1, 1)), EngineTraffic(3, histogram(1, 5, 5))
    course = Course(answers={"a": Window(then, now, 30.0), "gone": Window(then, now, 30.0)})
    found = rows(fleet(replica("a", view()), replica("new", view())), course)
    assert found["a"].errors_per_min == 4.0
    assert found["a"].ttft_p50_s == pytest.approx(0.1 + 0.9 * 0.5)
    assert found["a"].ttft_p99_s == pytest.approx(0.1 + 0.9 * 0.99)
    assert (found["new"].ttft_p50_s, found["new"].errors_per_min) == (None, None)


def test_restarts_of_a_variant_are_on_each_of_its_rows() -> None:
    course = Course(restarts={VARIANT: Restarts(2, "killed by SIGKILL")})
    found = rows(fleet(replica("a"), replica("b", deployment="other")), course)
    assert (found["a"].restarts, found["a"].restart_reason) == (2, "killed by SIGKILL")
    assert (found["b"].restarts, found["b"].restart_reason) == (0, "")


def test_what_is_no_number_is_not_known() -> None:
    found = rows(fleet(replica("a", view(kv_cache_usage=nan, load_s=nan, started_at_s=nan))))["a"]
    assert (found.kv_cache_usage, found.load_s, found.placed_s) == (None, None, None)


def test_the_steps_of_a_start_begin_with_its_place_and_are_told_beside_the_plans() -> None:
    engine = view(started_at_s=BEGIN_S + 2.5, start_steps={"weights": 4.0, "first completion": 0.5, "lying": nan})
    predicted = ((VARIANT, Predicted(1, SPEED)),)
    found = rows(fleet(replica("a", engine), replica("b"), predicted=predicted))
    assert [*found["a"].start_steps.items()] == [("placed", 2.5), ("weights", 4.0), ("first completion", 0.5)]
    assert found["b"].start_steps == {}
    assert found["a"].predicted_start_s == found["b"].predicted_start_s == SPEED.cold_start_s


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("STARTING", "the engine starts"),
        ("RUNNING", "not seen by the gateway"),
        ("STOPPING", "finishes what it answers"),
        ("OF_ANOTHER_RAY", "not seen by the gateway"),
    ],
)
def test_an_engine_that_nobody_tells_of_has_the_reason_of_its_state(state: str, reason: str) -> None:
    found = rows(fleet(replica("a", state=state)))["a"]
    assert (found.reason, found.ready, found.num_requests_running) == (reason, False, None)


def test_an_engine_that_died_says_of_what() -> None:
    found = rows(fleet(replica("a", dead("killed by SIGKILL"))))["a"]
    assert (found.reason, found.ready) == ("killed by SIGKILL", False)


def test_a_gateway_is_ready_once_it_runs() -> None:
    starting = replace(fleet(), replicas=(replica("g", state="STARTING", deployment=GATEWAY),))
    assert (rows(fleet())["g"].ready, rows(fleet())["g"].reason) == (True, "listens")
    assert (rows(starting)["g"].ready, rows(starting)["g"].reason) == (False, "the engine starts")


def shares(target_tok_s: float | None) -> dict[str, float | None]:
    seen = fleet(
        replica("a", view()),
        replica("b", view(), deployment="large"),
        replica("c", dead("ended"), deployment="large"),
        replica("d", view(), deployment="unpredicted"),
        predicted=((VARIANT, Predicted(1, SPEED)), ("large", Predicted(1, replace(SPEED, saturation_tok_s=3000.0)))),
        scaling=Scaling(ReplicaBounds(1, 9), None, ScalingGoal(tok_s=target_tok_s)),
    )
    return {name: each.share_tok_s for name, each in rows(seen).items() if name != "g"}


def test_each_is_to_write_what_was_planned_where_there_is_no_target() -> None:
    assert shares(None) == {"a": 1000.0, "b": 3000.0, "c": 3000.0, "d": None}


def test_a_target_is_shared_out_by_what_those_that_are_ready_can_do() -> None:
    assert shares(800.0) == {"a": 200.0, "b": 600.0, "c": 600.0, "d": None}


def test_a_target_that_nobody_is_ready_for_is_not_shared_out() -> None:
    predicted = ((VARIANT, Predicted(1, SPEED)),)
    scaling = Scaling(ReplicaBounds(1, 9), None, ScalingGoal(tok_s=800.0))
    found = rows(fleet(replica("a", state="STARTING"), predicted=predicted, scaling=scaling))
    assert found["a"].share_tok_s == 1000.0


def test_an_engine_whose_clock_is_behind_took_no_time_below_zero() -> None:
    assert rows(fleet(replica("a", view(started_at_s=BEGIN_S - 5))))["a"].placed_s == 0.0


@pytest.mark.parametrize(
    ("task", "state"), [("draining", "draining"), ("drained", "drained"), ("restarting", "starting")]
)
def test_one_that_does_as_it_is_asked_is_not_said_to_have_failed(task: str, state: str) -> None:
    found = rows(fleet(replica("a", view(ready=False, task=task, reason="by hand"))))["a"]
    assert (state_of(found), is_faulty(found), found.reason) == (state, False, "by hand")


def test_one_that_answers_until_its_new_engine_is_ready_is_ready() -> None:
    assert state_of(rows(fleet(replica("a", view(task="restarting"))))["a"]) == "ready"
