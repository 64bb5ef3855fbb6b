"""A replica of a variant whose work is cheaper, in the place of dearer ones that came one by one as the load rose.

Until it is ready both are paid for, and nobody knows how long the load stays as it is. So it is asked for once what it
would have saved by now comes to what it takes, as who rents skis buys them once the rents come to their price: that is
never twice as dear as it would have been to know.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from orchestrator.core.scaling.decision import DecisionStep
from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.mix import Variants, cost, given_back, work_price


class Swap(NamedTuple):
    """One more of a variant, and those gone that it makes spare."""

    name: str
    saves: float  # an hour; below 0 where it costs more than those that would go
    takes: float  # an hour of it, times the seconds until it is ready


class Swapped(NamedTuple):
    """Replicas to ask for, what was forgone by now, and what says so, where there is something to save."""

    counts: dict[str, int]
    forgone: float
    steps: tuple[DecisionStep, ...] = ()


def swapped(load: Load, counts: dict[str, int], needed: float, budget: float | None, forgone: float) -> Swapped:
    """The counts for `needed` work a second, with one replica more once that pays; none goes before it is ready."""
    if _under_way(load.variants, counts):
        return Swapped(counts, forgone)
    swap = best_swap(load.variants, counts, needed, budget)
    by_now = max(0.0, forgone + swap.saves * load.interval_s) if swap else 0.0
    if swap is None or swap.saves <= 0:
        return Swapped(counts, by_now)
    if by_now < swap.takes:
        return Swapped(counts, by_now, _steps(swap, f"{by_now / swap.takes:.0%} of what that takes are forgone by now"))
    return Swapped(counts | {swap.name: counts[swap.name] + 1}, 0.0, _steps(swap, "it is asked for"))


def best_swap(variants: Variants, counts: dict[str, int], needed: float, budget: float | None) -> Swap | None:
    """The one that leaves the cheapest mix for `needed` work a second; None where there is none, within budget."""
    spent = cost(variants, counts)
    swaps = (_swap(variants, counts, needed, each) for each in _candidates(variants, counts, spent, budget))
    return max(filter(None, swaps), key=lambda each: each.saves, default=None)


def _under_way(variants: Variants, counts: dict[str, int]) -> bool:
    """Whether some are not ready yet, so that what they make spare is still there."""
    return any(each.starting or counts[each.name] > each.replicas for each in variants)


def _candidates(
    variants: Variants, counts: dict[str, int], spent: float, budget: float | None
) -> Iterator[VariantLoad]:
    """Those of cheaper work than some that may go."""
    dearest = max([work_price(each) for each in variants if counts[each.name] > each.min_replicas], default=0.0)
    for each in variants:
        paid = budget is None or spent + each.cost <= budget
        if paid and counts[each.name] < each.max_replicas and work_price(each) < dearest:
            yield each


def _swap(variants: Variants, counts: dict[str, int], needed: float, one: VariantLoad) -> Swap | None:
    """None where it would be the one that is spare."""
    count = counts[one.name] + 1
    ready = tuple([replace(each, ready=count) if each is one else each for each in variants])
    after = given_back(ready, counts | {one.name: count}, needed)
    if after[one.name] < count:
        return None
    return Swap(one.name, cost(variants, counts) - cost(variants, after), one.cost * one.cold_start_s)


def _steps(swap: Swap, when: str) -> tuple[DecisionStep]:
    return (DecisionStep("swap", swap.saves, f"an hour saves one more {swap.name} in place of dearer ones: {when}"),)
