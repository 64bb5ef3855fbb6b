"""The fleet as a whole, out of the first and the last reading of a window."""

from __future__ import annotations

import pytest

from orchestrator.core.fleet import Fleet, Scaling
from orchestrator.core.held import Held
from orchestrator.core.inventory import Gpu
from orchestrator.core.live.course import Course, Window
from orchestrator.core.live.gpu_rows import gpu_rows
from orchestrator.core.live.reading import GpuCount, Traffic
from orchestrator.core.live.replica_rows import replica_rows
from orchestrator.core.live.snapshot import Summary
from orchestrator.core.live.summary import summary
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.scaling.goal import ScalingGoal
from tests.core.live.made import VARIANT, dead, fleet, gpu, histogram, on_host, reading, replica, view

NO_COURSE = Course()
THEN = Traffic(0, 10.0, 1.0, 0.0, histogram(1, 1, 1), histogram(0, 0, 0))
NOW = Traffic(4, 40.0, 3.0, 0.0, histogram(1, 101, 101), histogram(10, 10, 10))


def of(seen: Fleet, traffic: Traffic | None = None, course: Course = NO_COURSE, *gpus: Gpu) -> Summary:
    on = gpu_rows(on_host(*gpus))
    return summary(seen, reading(0, seen, traffic), course, replica_rows(seen, on, course), on)


def test_what_clients_get_is_that_of_the_window() -> None:
    found = of(fleet(), NOW, Course(traffic=Window(THEN, NOW, 20.0)))
    assert (found.in_flight, found.requests_per_s, found.errors_per_min) == (4, 1.5, 6.0)
    assert (found.ttft_p50_s, found.ttft_p99_s) == (pytest.approx(0.55), pytest.approx(0.991))
    assert (found.tpot_p50_s, found.tpot_p99_s) == (pytest.approx(0.05), pytest.approx(0.099))


def test_without_a_window_there_are_no_rates() -> None:
    found = of(fleet(replica("a", view(500))), NOW)
    assert (found.in_flight, found.ttft_p50_s, found.tpot_p99_s) == (4, None, None)
    assert (found.generation_tok_s, found.requests_per_s, found.errors_per_min) == (None, None, None)


def test_replicas_and_gpus_are_counted() -> None:
    seen = fleet(
        replica("a", view(devices=("GPU-0", "GPU-1"), num_requests_running=3, num_requests_waiting=2)),
        replica("b", dead("ended")),
        replica("c"),
        replica("d", state="STARTING"),
        held=Held(5, 100, 0.0, 1.0, engines_full=False),
    )
    found = of(seen, None, NO_COURSE, gpu(), gpu(1, "GPU-1"), gpu(2, "GPU-2"))
    assert (found.ready_replicas, found.target_num_replicas, found.failed_replicas) == (1, 4, 1)
    assert (found.gpus_used, found.gpus_total) == (2, 3)
    assert (found.num_requests_running, found.num_requests_waiting, found.num_requests_held) == (4, 2, 5)


@pytest.mark.parametrize(("total", "shown"), [(8, 8), (None, 0)])
def test_gpus_that_were_counted_count_before_those_that_were_read(total: int | None, shown: int) -> None:
    seen, on = fleet(replica("a", view(devices=("GPU-0",)))), gpu_rows(on_host(gpu()))
    now = reading(0, seen, gpu_count=GpuCount(2, total))
    found = summary(seen, now, NO_COURSE, replica_rows(seen, on, NO_COURSE), on)
    assert (found.gpus_used, found.gpus_total) == (2, shown)


def test_goals_are_those_of_the_fleet() -> None:
    goal = ScalingGoal(tok_s=900.0, ttft_s=1.0, tpot_s=0.05)
    found = of(fleet(scaling=Scaling(ReplicaBounds(1, 2), None, goal)))
    assert (found.target_tok_s, found.ttft_goal_s, found.tpot_goal_s) == (900.0, 1.0, 0.05)
    assert of(fleet()).target_tok_s is None


def written(tokens: int) -> Course:
    """By each of two replicas in ten seconds."""
    return Course({name: Window(view(0), view(tokens), 10.0) for name in "ab"})


def priced(*prices: tuple[str, float]) -> Fleet:
    return fleet(replica("a", view(1000)), replica("b", view(1000)), prices_per_hour=prices)


def test_what_it_costs_is_told_for_an_hour_and_for_a_million_tokens() -> None:
    found = of(priced((VARIANT, 1.8)), None, written(1000))
    assert (found.generation_tok_s, found.cost_per_hour) == (200.0, 3.6)
    assert found.cost_per_million == pytest.approx(3.6 / 0.72)


@pytest.mark.parametrize("seen", [priced(), priced(("other", 1.0)), fleet(prices_per_hour=((VARIANT, 1.0),))])
def test_a_fleet_without_replicas_or_a_price_has_no_cost(seen: Fleet) -> None:
    assert of(seen).cost_per_hour is None


def test_while_nothing_is_written_a_million_tokens_have_no_price() -> None:
    found = of(priced((VARIANT, 1.8)), None, written(0))
    assert (found.cost_per_hour, found.cost_per_million) == (3.6, None)
