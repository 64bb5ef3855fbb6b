"""Which variants give the work that is needed: the cheapest are added first, the dearest are taken away first."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from orchestrator.core.scaling.load import VariantLoad

LEAST_STEP = 4  # replicas that one decision may always add; beyond that it doubles what there is, at most

MOST_AT_ONCE = 2**31
LATE_TIMES = 1000.0  # as dear is a variant whose replicas do not get ready, where another can be had

Variants = tuple[VariantLoad, ...]
Spare = Callable[[float, float], bool]  # by the work a second of the rest, and what all cost with the one in question


def mixed(variants: Variants, needed: float, budget: float | None, settled: bool = True) -> dict[str, int]:
    """Replicas by variant for `needed` work a second, from those that there are; as near as bounds and budget let.

    As long as what is needed has not `settled`, what is spare stays: a large replica that makes small ones spare is
    not ready yet, nor perhaps are they, and their starts would be paid for in vain.
    """
    bounded = {each.name: min(each.max_replicas, max(each.min_replicas, each.replicas)) for each in variants}
    counts = affordable(variants, bounded, budget)
    if capacity(variants, counts) < needed:
        return _more(variants, counts, needed, budget, max(LEAST_STEP, sum(counts.values())))
    return given_back(variants, counts, needed) if settled else counts


def cheapest(variants: Variants, needed: float, budget: float | None) -> dict[str, int]:
    """The same from the fewest on, whatever there is, and in one step."""
    fewest = {each.name: each.min_replicas for each in variants}
    counts = _more(variants, fewest, needed, budget, MOST_AT_ONCE)
    return without_dearest(variants, counts, lambda rest, _: rest >= needed)


def work_price(one: VariantLoad) -> float:
    """Of the work that a replica does at its capacity."""
    return _dearness(one) / one.capacity


def capacity(variants: Variants, counts: Mapping[str, int]) -> float:
    """Work a second."""
    return sum([each.capacity * counts[each.name] for each in variants])


def cost(variants: Variants, counts: Mapping[str, int]) -> float:
    """Of an hour."""
    return sum([each.cost * counts[each.name] for each in variants])


def affordable(variants: Variants, counts: Mapping[str, int], budget: float | None) -> dict[str, int]:
    """The counts less the dearest that the budget does not pay for."""
    if budget is None:
        return dict(counts)
    return without_dearest(variants, counts, lambda _, spent: spent > budget)


def without_dearest(variants: Variants, counts: Mapping[str, int], spare: Spare) -> dict[str, int]:
    """The counts less those that can be spared, where work is dearest first."""
    left = dict(counts)
    for each in sorted(variants, key=work_price, reverse=True):
        others = left | {each.name: 0}
        work, price = capacity(variants, others), cost(variants, others)
        while left[each.name] > each.min_replicas and spare(
            work + each.capacity * (left[each.name] - 1), price + each.cost * left[each.name]
        ):
            left[each.name] -= 1
    return left


def given_back(variants: Variants, counts: dict[str, int], needed: float) -> dict[str, int]:
    """The counts less those that are spare beside the others that are ready, the dearest work first.

    Nothing of cheaper work goes while there is dearer: what is spare is soon too little for one large replica.
    """
    for each in sorted(variants, key=work_price, reverse=True):
        rest = _ready(variants, counts | {each.name: 0})
        while counts[each.name] > each.min_replicas and rest + each.capacity * (counts[each.name] - 1) >= needed:
            counts[each.name] -= 1
        if counts[each.name] > each.min_replicas:
            break
    return counts


def _ready(variants: Variants, counts: Mapping[str, int]) -> float:
    """Work a second of those that are left and take requests."""
    return sum([each.capacity * min(each.ready, counts[each.name]) for each in variants])


def _more(variants: Variants, counts: dict[str, int], needed: float, budget: float | None, left: int) -> dict[str, int]:
    """With `left` more at most."""
    most = math.inf if budget is None else budget
    while left and (short := needed - capacity(variants, counts)) > 0:
        spent = 0.0 if budget is None else cost(variants, counts)
        able = [each for each in variants if counts[each.name] < each.max_replicas and spent + each.cost <= most]
        if not able:
            break
        best = able[0] if len(able) == 1 else min(able, key=lambda each: _price(each, short))
        further = min(left, best.max_replicas - counts[best.name], _at_once(best, able, short, most - spent))
        counts[best.name] += further
        left -= further
    return counts


def _at_once(best: VariantLoad, able: list[VariantLoad], short: float, unspent: float) -> int:
    """How many may be added without another look: as long as all the work of any one would count, no price changes."""
    whole = 1 + (short - max([each.capacity for each in able])) / best.capacity
    paid = unspent / best.cost if best.cost else math.inf
    return max(1, math.floor(min(whole, paid, MOST_AT_ONCE)))


def _price(one: VariantLoad, short: float) -> float:
    """Of the work that it would do: no more of it counts than is short."""
    return _dearness(one) / min(one.capacity, short)


def _dearness(one: VariantLoad) -> float:
    return one.cost * (LATE_TIMES if one.late else 1.0)
