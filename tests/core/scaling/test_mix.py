"""Which variants: the cheapest work first, the dearest given back first, within bounds and budget."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.scaling.load import VariantLoad
from orchestrator.core.scaling.mix import LEAST_STEP, capacity, cheapest, cost, mixed

BF16 = VariantLoad("bf16", 1, 0, capacity=100.0, cold_start_s=100, cost=10.0, max_replicas=4)
GPTQ = VariantLoad("gptq", 0, 0, capacity=60.0, cold_start_s=60, cost=3.0, max_replicas=4)
GGUF = VariantLoad("gguf", 0, 0, capacity=5.0, cold_start_s=5, cost=1.0, max_replicas=4)

VARIANT = st.builds(
    VariantLoad,
    name=st.uuids().map(str),
    ready=st.integers(0, 5),
    starting=st.integers(0, 2),
    capacity=st.floats(0.1, 100),
    cold_start_s=st.just(60.0),
    cost=st.floats(0.1, 20),
    min_replicas=st.integers(0, 2),
    max_replicas=st.integers(2, 8),
)
POOLS = st.lists(VARIANT, min_size=1, max_size=4).map(tuple)


def test_the_cheapest_work_is_added_first() -> None:
    assert mixed((BF16, GPTQ, GGUF), 200.0, None) == {"bf16": 1, "gptq": 2, "gguf": 0}


def test_a_little_that_is_short_takes_what_costs_least_for_it() -> None:
    assert mixed((BF16, GPTQ, GGUF), 104.0, None) == {"bf16": 1, "gptq": 0, "gguf": 1}


def test_the_dearest_work_is_given_back_first() -> None:
    assert mixed((BF16, VariantLoad("gptq", 2, 0, 60.0, 60, 3.0, 0, 4)), 110.0, None) == {"bf16": 0, "gptq": 2}


def test_nothing_more_than_the_budget_is_spent_and_a_budget_that_shrinks_is_heeded() -> None:
    assert mixed((BF16, GPTQ), 1000.0, 17.0) == {"bf16": 1, "gptq": 2}
    assert mixed((BF16, GPTQ), 1000.0, 9.0) == {"bf16": 0, "gptq": 3}


def test_one_step_at_most_doubles_what_there_is() -> None:
    many = VariantLoad("many", 10, 0, 1.0, 60, max_replicas=1000)
    assert mixed((many,), 1e12, None) == {"many": 20}
    assert mixed((VariantLoad("few", 1, 0, 1.0, 60, max_replicas=1000),), 1e12, None) == {"few": 1 + LEAST_STEP}


@given(POOLS, st.floats(0, 1000), st.none() | st.floats(0, 100))
def test_bounds_hold_and_nothing_is_kept_that_is_not_needed(
    pool: tuple[VariantLoad, ...], needed: float, budget: float | None
) -> None:
    counts = mixed(pool, needed, budget)
    for each in pool:
        assert each.min_replicas <= counts[each.name] <= each.max_replicas
    grown = [each for each in pool if counts[each.name] > max(each.replicas, each.min_replicas)]
    shrunk = [each for each in pool if counts[each.name] < min(each.replicas, each.max_replicas)]
    assert budget is not None or not (grown and shrunk)
    if budget is not None and any(counts[each.name] > each.min_replicas for each in pool):
        assert cost(pool, counts) <= budget or capacity(pool, counts) < needed


def test_cheap_work_is_kept_while_dear_work_is_there_though_only_a_small_replica_could_be_spared() -> None:
    pool = (replace(BF16, ready=3), replace(GPTQ, ready=2))
    assert mixed(pool, 350.0, None) == {"bf16": 3, "gptq": 2}
    assert mixed(pool, 320.0, None) == {"bf16": 2, "gptq": 2}


def test_a_load_that_goes_down_and_up_again_leaves_the_cheapest_mix() -> None:
    pool, needs = (replace(BF16, ready=4), replace(GPTQ, ready=4), replace(GGUF, ready=4)), [*range(660, 0, -7)]
    for needed in [*needs, *reversed(needs)]:
        counts = mixed(pool, needed, None)
        pool = tuple(replace(each, ready=counts[each.name]) for each in pool)
        assert capacity(pool, counts) >= needed
        dear = counts["bf16"] * BF16.capacity
        assert dear < BF16.capacity + max(0, needed - 4 * GPTQ.capacity)


@given(POOLS, st.floats(0, 1000), st.none() | st.floats(0, 100))
def test_the_cheapest_mix_is_enough_where_bounds_and_budget_let_and_has_nothing_to_spare(
    pool: tuple[VariantLoad, ...], needed: float, budget: float | None
) -> None:
    counts = cheapest(pool, needed, budget)
    more = [each for each in pool if counts[each.name] > each.min_replicas]
    for each in pool:
        assert each.min_replicas <= counts[each.name] <= each.max_replicas
    for each in more:
        assert capacity(pool, counts | {each.name: counts[each.name] - 1}) < needed
    if budget is None and capacity(pool, {each.name: each.max_replicas for each in pool}) >= needed:
        assert capacity(pool, counts) >= needed
    if budget is not None and more:
        assert cost(pool, counts) <= budget


def test_the_cheapest_mix_does_not_go_by_what_there_is() -> None:
    assert cheapest((replace(BF16, ready=4), GPTQ), 200.0, None) == {"bf16": 0, "gptq": 4}
    assert cheapest((BF16, GPTQ, GGUF), 345.0, None) == {"bf16": 1, "gptq": 4, "gguf": 1}
