"""Tensor parallelism goes over GPUs that NVLink joins, where there are such."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.accelerators import Accelerator, devices
from orchestrator.core.gpu_sets import gpu_sets
from orchestrator.core.inventory import Inventory
from orchestrator.core.nvlink import linked, sets_of
from orchestrator.core.plan import Fit
from orchestrator.core.wish import Wish
from tests.core.machines import A100_80, gpu, machine, plan_for, with_gpus

Link = tuple[int, int]
TWO_EACH = Wish("qwen3.5-35b-a3b-bf16", tensor_parallel_size=2)


def joined(count: int, links: Collection[Link], free_gib: dict[int, float] | None = None) -> Inventory:
    """A host of A100s with these NVLink bridges."""
    cards = [gpu(index, *A100_80, free_gib=(free_gib or {}).get(index)) for index in range(count)]
    peers = {index: [a + b - index for a, b in links if index in (a, b)] for index in range(count)}
    linked_up = [
        replace(card, nvlink_peers=tuple(str(cards[peer].pci_bus_id) for peer in peers[card.index])) for card in cards
    ]
    return with_gpus(machine(A100_80), *linked_up)


def accelerators(count: int, links: Collection[Link]) -> tuple[Accelerator, ...]:
    return devices(joined(count, links))[0]


def indices(sets: tuple[tuple[Accelerator, ...], ...]) -> list[list[int]]:
    return [sorted(one.gpu_index for one in each) for each in sets]


@pytest.mark.parametrize(
    ("size", "links", "sets"),
    [
        (2, [(0, 2), (1, 3)], [[0, 2], [1, 3]]),
        (2, [(1, 3)], [[1, 3], [0, 2]]),
        (2, [], [[0, 1], [2, 3]]),
        (1, [(0, 3)], [[0], [1], [2], [3]]),
        (4, [(0, 2), (1, 3)], [[0, 1, 2, 3]]),
    ],
)
def test_bridged_pairs_stay_together(size: int, links: list[Link], sets: list[list[int]]) -> None:
    assert indices(sets_of(accelerators(4, links), size)) == sets


def test_quads_of_a_mesh_that_is_not_full_stay_together() -> None:
    quads = [*combinations((0, 2, 4, 6), 2), *combinations((1, 3, 5, 7), 2), (0, 1), (2, 3), (4, 5), (6, 7)]
    assert indices(sets_of(accelerators(8, quads), 4)) == [[0, 2, 4, 6], [1, 3, 5, 7]]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Accelerator, ...]:
    count = draw(st.integers(1, 7))
    pairs = list(combinations(range(count), 2))
    return accelerators(count, draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else [])


@given(graphs(), st.integers(1, 4))
def test_sets_are_disjoint_and_whole_and_use_all_devices_but_a_rest(found: tuple[Accelerator, ...], size: int) -> None:
    used = [one.id for each in sets_of(found, size) for one in each]
    assert len(used) == len(set(used)) == len(found) // size * size
    assert all(len(each) == size for each in sets_of(found, size))


@given(graphs(), st.integers(2, 4))
def test_each_set_is_linked_whenever_a_linked_one_is_left(found: tuple[Accelerator, ...], size: int) -> None:
    left = list(found)
    for each in sets_of(found, size):
        assert linked(each) == any(map(linked, combinations(left, size)))
        left = [one for one in left if one not in each]


@given(graphs(), st.integers(2, 4))
def test_the_first_linked_set_has_the_best_worst_device(found: tuple[Accelerator, ...], size: int) -> None:
    worst = [max(found.index(one) for one in each) for each in combinations(found, size) if linked(each)]
    if worst:
        assert max(found.index(one) for one in sets_of(found, size)[0]) == min(worst)


def chosen(inventory: Inventory, wish: Wish = TWO_EACH) -> Fit:
    fit = plan_for(inventory, wish).chosen
    assert fit is not None
    return fit


def test_a_replica_is_planned_on_peers_though_others_have_more_memory_free() -> None:
    inventory = joined(4, [(0, 2), (1, 3)], free_gib={1: 79, 2: 78, 3: 79})
    assert chosen(inventory).gpu_indices == (1, 3)


def test_peers_without_the_memory_are_not_waited_for() -> None:
    inventory = joined(4, [(0, 2), (1, 3)], free_gib={2: 1, 3: 1})
    assert chosen(inventory).gpu_indices == (0, 1)


def test_every_replica_of_a_plan_is_on_peers() -> None:
    inventory = joined(6, [(0, 3), (1, 4), (2, 5)])
    plan = plan_for(inventory, replace(TWO_EACH, num_replicas=3))
    assert plan.placements[0].gpu_sets == ((0, 3), (1, 4), (2, 5))


def test_further_replicas_go_on_peers_beside_what_is_taken() -> None:
    inventory = joined(6, [(0, 3), (1, 4), (2, 5)])
    fit = chosen(inventory)
    assert fit.gpu_indices == (0, 3)
    assert gpu_sets(fit, inventory, frozenset({0, 4})) == ((2, 5), (1, 3))
