"""Large replicas of cheaper work in the place of small ones, once that has paid."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.scaling.decide import decide
from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.mix import capacity, cost, mixed
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.replica_group import ReplicaGroup
from orchestrator.core.scaling.swap import Swapped, swapped

SMALL = VariantLoad("small", 6, 0, capacity=1.0, cold_start_s=60.0, cost=1.0, max_replicas=20)
LARGE = VariantLoad("large", 0, 0, capacity=10.0, cold_start_s=120.0, cost=4.0, max_replicas=5)
EVERY_S = 10.0

VARIANT = st.builds(
    VariantLoad,
    name=st.uuids().map(str),
    ready=st.integers(0, 8),
    starting=st.just(0),
    capacity=st.floats(0.5, 20),
    cold_start_s=st.sampled_from([EVERY_S, 60.0, 130.0]),
    cost=st.floats(0.1, 20),
    min_replicas=st.integers(0, 2),
    max_replicas=st.integers(8, 20),
)
POOLS = st.lists(VARIANT, min_size=2, max_size=4).map(tuple)
BUDGETS = st.none() | st.floats(0, 200)


def look(
    variants: tuple[VariantLoad, ...], needed: float, forgone: float = 0.0, budget: float | None = None
) -> Swapped:
    load = Load(0.0, EVERY_S, 0.0, 0.0, variants)
    return swapped(load, mixed(variants, needed, budget), needed, budget, forgone)


@dataclass
class Pool:
    """Replicas that are asked for become ready a cold start later."""

    groups: list[ReplicaGroup]
    now_s: float = 0.0
    forgone: float = 0.0

    def look(self, needed: float, budget: float | None = None) -> tuple[tuple[VariantLoad, ...], dict[str, int]]:
        """What there is, and what is asked for."""
        self.now_s += EVERY_S
        variants = tuple(group.look(self.now_s) for group in self.groups)
        found = look(variants, needed, self.forgone, budget)
        self.forgone = found.forgone
        for group in self.groups:
            group.ask(found.counts[group.variant.name], self.now_s)
        return variants, found.counts


def test_a_large_one_comes_once_what_it_would_have_saved_is_what_it_takes() -> None:
    """It saves two of six an hour, and takes four for 120 seconds: 240 seconds pay for it."""
    forgone, looks = 0.0, 0
    while not (found := look((SMALL, LARGE), 6.0, forgone)).counts["large"]:
        forgone, looks = found.forgone, looks + 1
        assert found.counts == {"small": 6, "large": 0}
        assert "large in place of dearer ones" in found.steps[0].reason
    assert (looks + 1) * EVERY_S == 240.0
    assert (found.counts, found.forgone) == ({"small": 6, "large": 1}, 0.0)


def test_the_small_ones_go_when_it_is_ready_and_not_before() -> None:
    starts = replace(LARGE, starting=1)
    assert look((SMALL, starts), 6.0, 100.0) == Swapped({"small": 6, "large": 1}, 100.0)
    assert look((SMALL, replace(LARGE, ready=1)), 6.0).counts == {"small": 0, "large": 1}


def test_a_load_that_goes_again_takes_with_it_what_was_forgone() -> None:
    forgone = look((SMALL, LARGE), 6.0, 200.0).forgone
    few = look((replace(SMALL, ready=3), LARGE), 3.0, forgone)  # three are one less an hour than a large one
    assert forgone > few.forgone == forgone - EVERY_S
    assert few.steps == ()


@pytest.mark.parametrize(
    ("small", "large", "budget"),
    [
        (SMALL, LARGE, 9.0),  # both together cost ten
        (SMALL, replace(LARGE, max_replicas=0), None),
        (SMALL, replace(LARGE, cost=11.0), None),
        (SMALL, replace(LARGE, late=True), None),  # it may never be ready
        (replace(SMALL, min_replicas=6), LARGE, None),
    ],
)
def test_what_there_is_stays_where_nothing_better_may_be_had(
    small: VariantLoad, large: VariantLoad, budget: float | None
) -> None:
    assert look((small, large), 6.0, 1e9, budget) == Swapped({"small": 6, "large": 0}, 0.0)


@given(POOLS, st.floats(0, 200), BUDGETS, st.floats(0, 1e5))
def test_it_takes_nothing_away_adds_one_at_most_and_keeps_within_bounds_and_budget(
    pool: tuple[VariantLoad, ...], needed: float, budget: float | None, forgone: float
) -> None:
    before, found = mixed(pool, needed, budget), look(pool, needed, forgone, budget)
    more = {each.name: found.counts[each.name] - before[each.name] for each in pool}
    assert sorted(more.values())[:-1] == [0] * (len(pool) - 1)
    assert sum(more.values()) in (0, 1)
    for each in pool:
        assert found.counts[each.name] <= max(each.max_replicas, before[each.name])
    if budget is not None and sum(more.values()):
        assert cost(pool, found.counts) <= budget
    assert found.forgone >= 0


@given(POOLS, st.floats(0, 100))
def test_while_the_load_stays_the_mix_only_becomes_cheaper_and_is_enough_all_the_while(
    variants: tuple[VariantLoad, ...], needed: float
) -> None:
    pool, settled, last = Pool([ReplicaGroup(each) for each in variants]), False, float("inf")
    for _ in range(150):
        seen, counts = pool.look(needed)
        settled = settled or sum(each.ready * each.capacity for each in seen) >= needed
        if settled:
            left = [min(each.ready, counts[each.name]) * each.capacity for each in seen]
            assert sum(left) >= needed or capacity(seen, {each.name: each.max_replicas for each in seen}) < needed
        if settled and not any(each.starting or counts[each.name] != each.ready for each in seen):
            assert cost(seen, counts) <= last + 1e-9
            last = cost(seen, counts)


def test_after_a_load_has_risen_slowly_a_large_one_does_what_many_small_ones_did() -> None:
    groups, memory, said = [ReplicaGroup(replace(SMALL, ready=1)), ReplicaGroup(LARGE)], None, list[str]()
    small: list[int] = []
    for number in range(3 * 360):
        now_s, demand = number * EVERY_S, min(5.0, 0.5 + number / 80)
        variants = tuple(group.look(now_s) for group in groups)
        decision, memory = decide(Load(now_s, EVERY_S, demand * EVERY_S, 0.0, variants), ScalingPolicy(), memory)
        said += [step.name for step in decision.steps]
        for group in groups:
            group.ask(decision.replicas[group.variant.name], now_s)
        small.append(groups[0].paid)
        assert sum(group.capacity for group in groups) >= demand
    assert max(small) >= 5
    assert (groups[0].paid, groups[1].ready) == (0, 1)
    assert "swap" in said
