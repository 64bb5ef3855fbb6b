"""The queue that demand is replayed on, and what no rule can beat."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.scaling.bounds import clairvoyant, first_need, packed_cost
from orchestrator.core.scaling.demand import Demand, gathered, scaled
from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.outcome import quantiles
from orchestrator.core.scaling.peers.static import static
from orchestrator.core.scaling.replay import replay, replay_in_parts
from orchestrator.core.scaling.rule import Rule
from orchestrator.core.scaling.shapes import SHAPES, shaped

WORK = st.lists(st.floats(0, 50), min_size=1, max_size=200)
WANTED = st.lists(st.integers(0, 12), min_size=1, max_size=25)


def pool(
    ready: int = 1, capacity: float = 1.0, cold_start_s: float = 20.0, name: str = "a", **more: Any
) -> VariantLoad:
    return VariantLoad(name, ready, 0, capacity, cold_start_s, max_replicas=100, **more)


def demand(*work: float) -> Demand:
    return Demand(1.0, work, work)


def scripted(wanted: list[int]) -> Rule:
    """Asks for these numbers one after the other, and then for the last."""

    def rule(load: Load, look: int | None) -> tuple[Mapping[str, int], int]:
        place = look or 0
        return {"a": wanted[min(place, len(wanted) - 1)]}, place + 1

    return rule


@given(WORK, WANTED)
def test_work_is_conserved(work: list[float], wanted: list[int]) -> None:
    done = replay(demand(*work), [pool()], scripted(wanted))
    assert done.served_work + done.left_work == pytest.approx(sum(work), abs=1e-6)
    assert 0 <= done.attainment <= 1 + 1e-12


@given(WORK, st.integers(1, 30))
def test_more_replicas_never_raise_waiting(work: list[float], replicas: int) -> None:
    fewer, more = (replay(demand(*work), [pool(ready=n)], static({"a": n})) for n in (replicas, replicas + 1))
    assert more.attainment >= fewer.attainment - 1e-12
    assert (more.wait_p50_s, more.wait_p99_s, more.left_work) <= (fewer.wait_p50_s, fewer.wait_p99_s, fewer.left_work)


@given(WORK)
def test_where_capacity_always_exceeds_demand_every_request_is_in_time(work: list[float]) -> None:
    done = replay(demand(*work), [pool(ready=51)], static({"a": 51}), max_wait_s=0.0)
    assert (done.attainment, done.wait_p99_s, done.left_work) == (1.0, 0.0, 0.0)


@given(WORK, WANTED)
def test_a_replay_is_deterministic(work: list[float], wanted: list[int]) -> None:
    assert replay(demand(*work), [pool()], scripted(wanted)) == replay(demand(*work), [pool()], scripted(wanted))


def test_waits_are_those_on_arrival_and_by_hand() -> None:
    """2 a second come and 1 a second goes, so who comes in second n finds n waiting; 2 s are allowed."""
    done = replay(demand(*[2.0] * 10), [pool()], static({"a": 1}))
    assert done.attainment == 3 / 10
    assert (done.wait_p50_s, done.wait_p99_s, done.left_work) == (4.0, 9.0, 10.0)


def test_a_replica_is_paid_when_it_is_asked_for_and_serves_a_cold_start_later() -> None:
    done = replay(demand(*[2.0] * 40), [pool()], scripted([2]), interval_s=10.0, max_wait_s=100.0)
    assert (done.replica_hours, done.cost) == pytest.approx((2 * 40 / 3600, 2 * 40 / 3600))
    assert (done.changes, done.peak_replicas, done.replicas) == (1, 2, (2, 2, 2, 2))
    assert done.left_work == 20.0  # what came in the 20 s of one replica beyond its capacity


@pytest.mark.parametrize(("cold_start_s", "left"), [(5.0, 5.0), (5.5, 6.0), (10.0, 10.0), (25.0, 25.0)])
def test_a_replica_becomes_ready_between_two_looks_too(cold_start_s: float, left: float) -> None:
    done = replay(demand(*[2.0] * 30), [pool(cold_start_s=cold_start_s)], scripted([2]))
    assert done.left_work == left


def test_who_goes_are_first_the_replicas_that_start() -> None:
    seen: list[tuple[int, int]] = []

    def rule(load: Load, look: int | None) -> tuple[Mapping[str, int], int]:
        seen.append((load.variants[0].ready, load.variants[0].starting))
        return {"a": [5, 3, 1, 1][look or 0]}, (look or 0) + 1

    done = replay(demand(*[0.0] * 40), [pool(ready=2, cold_start_s=1000)], rule)
    assert seen == [(2, 0), (2, 3), (2, 1), (1, 0)]
    assert done.changes == 3 + 2 + 2


def test_of_those_that_start_the_latest_goes_first() -> None:
    """One asked for at 0 s and one at 10 s, of which one goes at 20 s: the first is ready at 20 s."""
    done = replay(demand(*[2.0] * 60), [pool()], scripted([2, 3, 2]))
    assert done.left_work == 20.0


def test_who_knows_the_future_asks_a_cold_start_ahead_and_holds_no_longer_than_is_needed() -> None:
    course = demand(*[1.0] * 100, *[3.0] * 100, *[1.0] * 300)
    done = replay(course, [pool()], clairvoyant(course, [pool()], 10.0, 0.0), max_wait_s=0.0)
    assert done.replicas == (1,) * 8 + (3,) * 12 + (1,) * 30
    assert (done.attainment, done.changes) == (1.0, 4)


def test_who_knows_the_future_mixes_the_cheapest_and_asks_for_each_its_own_cold_start_ahead() -> None:
    course = demand(*[1.0] * 100, *[3.0] * 100, *[1.0] * 300)
    cheap = replace(pool(cold_start_s=50.0, name="cheap", cost=0.5), max_replicas=2)
    dear = replace(pool(name="dear"), ready=0)
    done = replay(course, [dear, cheap], clairvoyant(course, [dear, cheap], 10.0, 0.0), max_wait_s=0.0)
    assert [use.replicas for use in done.variants] == [
        (0,) * 8 + (1,) * 12 + (0,) * 30,
        (1,) * 5 + (2,) * 15 + (1,) * 30,
    ]
    assert done.attainment == 1.0


def test_who_knows_the_future_of_replicas_much_smaller_than_the_load_lets_no_queue_grow() -> None:
    course, many = demand(*[50.1] * 2000), replace(pool(ready=51), max_replicas=1000)
    done = replay(course, [many], clairvoyant(course, [many], 10.0, 2.0))
    assert done.attainment == 1.0


def test_who_knows_the_future_stays_within_the_budget() -> None:
    course = demand(*[1.0] * 100, *[9.0] * 100)
    pair = [pool(name="dear", cost=3.0), pool(name="cheap", cost=2.0, cold_start_s=60.0)]
    done = replay(course, pair, clairvoyant(course, pair, 10.0, 0.0, budget=10.0))
    spent = [3 * dear + 2 * cheap for dear, cheap in zip(*(use.replicas for use in done.variants), strict=True)]
    assert 8 < max(spent) <= 10


def test_who_knows_the_future_keeps_no_two_mixes_at_once_that_the_budget_does_not_pay_for() -> None:
    """One small replica does for ten seconds, one large for the next ten; both together are beyond the budget."""
    course = demand(*([1.0] * 10 + [3.0] * 10) * 10)
    small, large = pool(name="small", cost=2.0), pool(ready=0, name="large", capacity=3.0, cost=4.0)
    free, bound = (
        replay(course, [small, large], clairvoyant(course, [small, large], 10.0, 0.0, budget)) for budget in (None, 5.0)
    )
    assert max(2 * few + 4 * many for few, many in zip(*(use.replicas for use in free.variants), strict=True)) == 6
    assert max(2 * few + 4 * many for few, many in zip(*(use.replicas for use in bound.variants), strict=True)) <= 5


def test_without_a_ready_replica_every_request_is_a_miss() -> None:
    done = replay(demand(*[1.0] * 10), [pool(ready=0)], scripted([0]), max_wait_s=1e9)
    assert (done.attainment, done.wait_p50_s, done.left_work) == (0.0, inf, 10.0)


def test_a_rule_is_held_to_the_bounds_of_a_variant() -> None:
    bounded = VariantLoad("a", 3, 0, 1.0, 0.0, min_replicas=2, max_replicas=4)
    assert replay(demand(*[0.0] * 20), [bounded], scripted([9, -1])).replicas == (4, 2)


def test_variants_serve_together_and_cost_what_each_costs() -> None:
    fast, slow = pool(capacity=3.0, name="fast", cost=2.0), pool(name="slow", cost=0.5)

    def rule(load: Load, memory: None) -> tuple[Mapping[str, int], None]:
        return {"fast": 1, "slow": 1}, None

    done = replay(demand(*[4.0] * 10), [fast, slow], rule)
    assert (done.left_work, done.replica_hours, done.cost) == pytest.approx((0.0, 20 / 3600, 25 / 3600))
    assert done.packed_cost == pytest.approx(4 * 10 * 0.5 / 3600)
    assert [(use.name, use.replicas) for use in done.variants] == [("fast", (1,)), ("slow", (1,))]
    assert [use.hours for use in done.variants] == pytest.approx([10 / 3600, 10 / 3600])


def test_perfect_packing_fills_the_cheapest_work_as_far_as_its_replicas_go_and_then_the_next() -> None:
    """Of 4 a second one cheap replica does 1, all the time."""
    cheap, dear = replace(pool(name="cheap", cost=0.5), max_replicas=1), pool(name="dear", cost=2.0)
    assert packed_cost(demand(*[4.0] * 10), [dear, cheap]) == pytest.approx(10 * (0.5 + 3 * 2.0) / 3600)


@given(WORK, WANTED, st.integers(1, 199))
def test_a_replay_in_parts_is_the_same_replay(work: list[float], wanted: list[int], end: int) -> None:
    course, end = demand(*work), min(end // 10 * 10, len(work))
    whole = replay(course, [pool()], scripted(wanted))
    parts = replay_in_parts(course, [pool()], scripted(wanted), (end, len(work)), 10.0, 2.0)
    assert sum((each.replicas for each in parts), ()) == whole.replicas
    for field in ("replica_hours", "cost", "packed_cost", "changes"):
        assert sum(getattr(each, field) for each in parts) == pytest.approx(getattr(whole, field))
    in_time = sum(
        each.attainment * sum(course.requests[slice(*span)])
        for each, span in zip(parts, ((0, end), (end, None)), strict=True)
    )
    assert in_time == pytest.approx(whole.attainment * sum(course.requests))
    assert parts[-1].left_work == whole.left_work


def test_a_rule_sees_what_arrived_since_the_last_look() -> None:
    seen: list[tuple[float, float | None, float]] = []

    def rule(load: Load, memory: None) -> tuple[Mapping[str, int], None]:
        seen.append((load.now_s, load.clock_s, load.arrived, load.waiting))
        return {}, None

    replay(demand(*[3.0] * 25), [pool(ready=2)], rule)
    assert seen == [(0.0, 0.0, None, 0.0), (10.0, 10.0, 30.0, 10.0), (20.0, 20.0, 30.0, 20.0)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("cold_start_s", [20.0, 120.0])
def test_who_knows_the_future_attains_nearly_all_and_no_less_dearly_than_perfect_packing(
    shape: str, cold_start_s: float
) -> None:
    course = scaled(shaped(shape, 4 * 3600), 8.0)
    one = pool(cold_start_s=cold_start_s)
    begun = replace(one, ready=first_need(course, one.capacity, cold_start_s + 10, 2.0))
    done = replay(course, [begun], clairvoyant(course, [one], 10.0, 2.0))
    assert done.attainment > 0.9995
    assert 1 <= done.ratio < 1.5


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0, 9)), min_size=1, max_size=30))
def test_arrivals_are_gathered_without_loss(arrivals: list[tuple[float, float]]) -> None:
    found = gathered((t_s, work, 1.0) for t_s, work in sorted(arrivals))
    assert sum(found.requests) == len(arrivals)
    assert found.total_work == pytest.approx(sum(work for _, work in arrivals))


def test_quantiles_count_requests_and_those_that_did_not_wait() -> None:
    assert quantiles([(5.0, 1.0), (1.0, 2.0)], 10.0, (0.5, 0.7, 0.8, 0.9, 0.95)) == [0.0, 0.0, 1.0, 1.0, 5.0]
    assert quantiles([], 10.0, (0.99,)) == [0.0]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_the_same_for_a_seed_and_about_one_a_second(shape: str) -> None:
    once = shaped(shape, 86400, seed=3)
    assert list(once.work) == list(shaped(shape, 86400, seed=3).work)
    assert 0.9 < once.mean_rate < 1.4
    assert min(once.work) >= 0
