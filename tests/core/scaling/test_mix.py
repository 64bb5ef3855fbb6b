"""Which variants: the cheapest work first, the dearest given back first, within bounds and budget."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.scaling.load import VariantLoad
from orchestrator.core.scaling.mix import LEAST_STEP, capacity, cost, mixed

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
