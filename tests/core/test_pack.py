"""Where replicas go, on one host and on many, of one variant and of several."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.core.choose import choose
from orchestrator.core.inventory import HostGroup, Site
from orchestrator.core.objective import Objective
from orchestrator.core.plan import FitPlan, PlanFailure
from orchestrator.core.wish import Wish
from tests.core.machines import (
    A100_80,
    A6000,
    ENGINES,
    FETCHABLE,
    H100_80,
    PREDICT,
    PROFILES,
    RTX_4090,
    everywhere,
    gpu,
    machine,
    plan_for,
    with_gpus,
)

MIXED = machine(A100_80, A100_80, A6000)


def plan_over(*groups: HostGroup, wish: Wish) -> FitPlan:
    return choose(PROFILES, Site(groups), wish, everywhere(FETCHABLE), ENGINES, PREDICT)


def placed(plan: FitPlan) -> list[tuple[str, tuple[tuple[int, ...], ...], int]]:
    return [(one.fit.profile.name, one.gpu_sets, one.num_hosts) for one in plan.placements]


def test_variants_of_one_model_share_a_host_of_unequal_gpus():
    plan = plan_for(MIXED, Wish(model="qwen3.5-72b-a14b", num_replicas=2, objective=Objective.QUALITY))
    assert placed(plan) == [("qwen3.5-72b-a14b-bf16", ((0, 1),), 1), ("qwen3.5-72b-a14b-gptq", ((2,),), 1)]
    assert any("loses about 3.0%" in notice for notice in plan.notices)
    # its official 4-bit files leave all but the feed-forward part in 16 bits, so FP8 is hardly larger and better
    plan = plan_for(MIXED, Wish(model="qwen3.5-27b", num_replicas=2))
    assert placed(plan) == [("qwen3.5-27b-bf16", ((0, 1),), 1), ("qwen3.5-27b-fp8", ((2,),), 1)]


def test_more_replicas_than_the_best_split_allows_take_smaller_splits():
    plan = plan_for(machine(*[A100_80] * 4), Wish("qwen3.5-27b-bf16", num_replicas=4))
    assert placed(plan) == [("qwen3.5-27b-bf16", ((0,), (1,), (2,), (3,)), 1)]


def test_where_the_best_has_room_for_too_few_replicas_the_reason_names_what_is_placed():
    plan = plan_over(HostGroup(machine(*[A100_80] * 8), 2), wish=Wish(num_replicas=4))
    assert {name for name, _, _ in placed(plan)} == {"qwen3.5-397b-a17b-gptq"}
    assert plan.candidates[0].profile.name == "qwen3.5-397b-a17b-fp8"
    assert plan.reason == (
        "4 replicas can run as qwen3.5-397b-a17b-gptq; there is no room for as many of qwen3.5-397b-a17b-fp8, "
        f"which has the highest score, {plan.candidates[0].score:.2f}"
    )


def test_throughput_takes_every_gpu_that_the_budget_allows():
    for most, gpus in ((None, 3), (2, 2), (1, 1)):
        plan = plan_for(MIXED, Wish(objective=Objective.THROUGHPUT, max_gpus=most))
        assert sum(one.num_gpus for one in plan.placements) == gpus


def test_left_open_one_replica_is_placed():
    assert plan_for(MIXED).num_replicas == 1
    assert plan_for(machine(memory_gib=64)).num_replicas == 1


def test_a_gpu_that_others_use_takes_no_replica():
    busy = with_gpus(machine(A100_80), gpu(0, *A100_80), gpu(1, *A100_80, free_gib=10), gpu(2, *A100_80))
    plan = plan_for(busy, Wish("qwen3.5-27b-fp8", objective=Objective.THROUGHPUT))
    assert {index for one in plan.placements for gpus in one.gpu_sets for index in gpus} == {0, 2}


def test_equal_hosts_are_filled_alike_and_the_last_one_as_far_as_needed():
    eight = HostGroup(machine(*[A100_80] * 4), 3)
    plan = plan_over(eight, wish=Wish("qwen3.5-27b-fp8", num_replicas=10, tensor_parallel_size=1))
    assert [(len(one.gpu_sets), one.num_hosts) for one in plan.placements] == [(4, 2), (2, 1)]
    assert plan.num_replicas == 10
    more = plan_over(eight, wish=Wish("qwen3.5-27b-fp8", num_replicas=13))
    assert more.failure is PlanFailure.DOES_NOT_FIT


def test_hosts_of_several_kinds_serve_one_model():
    groups = (HostGroup(machine(A6000), 2), HostGroup(machine(*[H100_80] * 8)), HostGroup(machine(memory_gib=64), 5))
    plan = plan_over(*groups, wish=Wish(model="qwen3.5-35b-a3b", objective=Objective.THROUGHPUT))
    assert {one.fit.profile.model.name for one in plan.placements} == {"qwen3.5-35b-a3b"}
    assert Counter(one.option.group for one in plan.placements).keys() == {0, 1, 2}
    assert sum(one.num_gpus for one in plan.placements) == 10


@pytest.mark.parametrize(("size", "allowed"), [(3, "1, 2, 4, 8"), (16, "1, 2, 4, 8")])
def test_a_split_that_the_model_forbids_is_refused_with_those_it_allows(size, allowed):
    plan = plan_for(machine(*[A100_80] * 8), Wish("qwen3.5-27b-bf16", tensor_parallel_size=size))
    assert plan.failure is PlanFailure.DOES_NOT_FIT
    assert f"tensor_parallel_size {size} does not divide the model; {allowed}" in plan.reason


kinds = st.lists(st.sampled_from([A100_80, A6000, H100_80, RTX_4090]), max_size=5)
free_gib = st.floats(0, 24)
wishes = st.builds(
    Wish,
    model=st.sampled_from([None, "qwen3.5-9b", "qwen3.5-35b-a3b"]),
    num_replicas=st.none() | st.integers(1, 6),
    max_gpus=st.none() | st.integers(1, 4),
    objective=st.sampled_from(Objective),
)


@settings(max_examples=40)
@given(st.lists(st.tuples(kinds, st.integers(1, 3)), min_size=1, max_size=3), st.data(), wishes)
def test_no_gpu_is_taken_twice_nor_beyond_its_memory_and_budgets_hold(hosts, data, wish):
    groups = tuple(HostGroup(_busy(machine(*cards, memory_gib=32), data), count) for cards, count in hosts)
    plan = plan_over(*groups, wish=wish)
    for index, group in enumerate(groups):
        of_group = [one for one in plan.placements if one.option.group == index]
        assert sum(one.num_hosts for one in of_group) <= group.count * max(1, len(group.inventory.gpus))
        for one in of_group:
            taken = [number for gpus in one.gpu_sets for number in gpus]
            assert len(taken) == len(set(taken))
            for number in taken:
                card = group.inventory.gpus[number]
                assert one.fit.memory.needed_bytes <= card.memory_free_bytes
    assert wish.max_gpus is None or sum(one.num_gpus for one in plan.placements) <= wish.max_gpus
    assert not plan.placements or wish.num_replicas in (None, plan.num_replicas)
    assert plan == plan_over(*groups, wish=wish)


def _busy(inventory, data):
    cards = [
        replace(one, memory_free_bytes=int(one.memory_total_bytes * data.draw(st.floats(0, 1))))
        for one in inventory.gpus
    ]
    return with_gpus(inventory, *cards)
