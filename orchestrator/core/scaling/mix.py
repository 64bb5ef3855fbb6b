"""Which variants give the work that is needed: the cheapest are added first, the dearest are taken away first."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from orchestrator.core.scaling.load import VariantLoad

LEAST_STEP = 4  # replicas that one decision may always add; beyond that it doubles what there is, at most

Variants = tuple[VariantLoad, ...]


def mixed(variants: Variants, needed: float, budget: float | None) -> dict[str, int]:
    """Replicas by variant for `needed` work a second, from those that there are; as near as bounds and budget let."""
    bounded = {each.name: min(each.max_replicas, max(each.min_replicas, each.replicas)) for each in variants}
    counts = _without(variants, bounded, lambda counts, _: budget is not None and cost(variants, counts) > budget)
    if capacity(variants, counts) < needed:
        return _more(variants, counts, needed, budget)
    return _without(variants, counts, lambda counts, one: capacity(variants, counts) - one.capacity >= needed)


def capacity(variants: Variants, counts: Mapping[str, int]) -> float:
    """Work a second."""
    return sum(each.capacity * counts[each.name] for each in variants)


def cost(variants: Variants, counts: Mapping[str, int]) -> float:
    """Of an hour."""
    return sum(each.cost * counts[each.name] for each in variants)


def _more(variants: Variants, counts: dict[str, int], needed: float, budget: float | None) -> dict[str, int]:
    most_added = max(LEAST_STEP, sum(counts.values()))
    for _ in range(most_added):
        short = needed - capacity(variants, counts)
        able = [each for each in variants if _may_grow(each, variants, counts, budget)]
        if short <= 0 or not able:
            break
        counts[min(able, key=lambda each: _price(each, short)).name] += 1
    return counts


def _may_grow(one: VariantLoad, variants: Variants, counts: Mapping[str, int], budget: float | None) -> bool:
    within = budget is None or cost(variants, counts) + one.cost <= budget
    return within and counts[one.name] < one.max_replicas


def _price(one: VariantLoad, short: float) -> float:
    """Of the work that it would do: no more of it counts than is short."""
    return one.cost / min(one.capacity, short)


def _without(
    variants: Variants, counts: Mapping[str, int], spare: Callable[[Mapping[str, int], VariantLoad], bool]
) -> dict[str, int]:
    """The counts less those that can be spared, where work is dearest first."""
    left = dict(counts)
    for each in sorted(variants, key=lambda each: each.cost / each.capacity, reverse=True):
        while left[each.name] > each.min_replicas and spare(left, each):
            left[each.name] -= 1
    return left
