"""The pool that is simulated, from what was said of its replicas."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from orchestrator.cli.output import message
from orchestrator.cli.variants import MOST_REPLICAS, VariantAsked
from orchestrator.core.errors import UsageError
from orchestrator.core.scaling.load import VariantLoad
from orchestrator.core.scaling.mix import capacity, cheapest, cost

if TYPE_CHECKING:
    from orchestrator.core.scaling.demand import Demand

HELP = "qorch simulate --help"
MEAN_REPLICAS = 12.0
MOST_TIMES = 20  # --max-replicas over the mean, where it is not said


@dataclass(frozen=True)
class PoolAsked:
    """The options for all variants; without `variants` there is one, of what `capacity` or `mean_replicas` say."""

    variants: tuple[VariantAsked, ...]
    mean_replicas: float | None
    capacity: float | None
    cold_start_s: float
    min_replicas: int
    max_replicas: int | None
    budget: float | None


def simulated_pool(asked: PoolAsked, demand: Demand, has_tokens: bool) -> tuple[VariantLoad, ...]:
    """Raises UsageError for bounds that contradict themselves, and says so where they are too low for what comes."""
    if asked.capacity is not None and (asked.mean_replicas is not None or asked.variants):
        other = "--variant" if asked.variants else "--mean-replicas"
        raise UsageError(f"{other} cannot be combined with --capacity", hint=HELP)
    pool = _paid_for(tuple(_variants(asked, demand, has_tokens)), asked.budget)
    _warn(pool, demand.mean_rate, asked.budget)
    return pool


def _variants(asked: PoolAsked, demand: Demand, has_tokens: bool) -> Iterator[VariantLoad]:
    """The first keeps the fewest replicas, as in a fleet; capacities of what has no tokens are relative."""
    said = asked.variants or (VariantAsked("replica", asked.capacity or 1.0),)
    relative = asked.mean_replicas is not None or not (asked.capacity or (asked.variants and has_tokens))
    unit = demand.mean_rate / (asked.mean_replicas or MEAN_REPLICAS) / said[0].capacity if relative else 1.0
    for place, one in enumerate(said):
        fewest = one.min_replicas if one.min_replicas is not None else 0 if place else asked.min_replicas
        yield _variant(one, one.capacity * unit, fewest, asked, demand.mean_rate)


def _variant(one: VariantAsked, rate: float, fewest: int, asked: PoolAsked, mean_rate: float) -> VariantLoad:
    usual = max(min(MOST_TIMES * math.ceil(mean_rate / rate), MOST_REPLICAS), fewest)
    most = one.max_replicas if one.max_replicas is not None else asked.max_replicas or usual
    if fewest > most:
        whose = f" of {one.name}" if asked.variants else ""
        raise UsageError(f"--min-replicas{whose} is {fewest}, more than --max-replicas, which is {most}", hint=HELP)
    cold_start_s = asked.cold_start_s if one.cold_start_s is None else one.cold_start_s
    return VariantLoad(one.name, 0, 0, rate, cold_start_s, one.cost, fewest, most)


def _paid_for(pool: tuple[VariantLoad, ...], budget: float | None) -> tuple[VariantLoad, ...]:
    """With no more of each than the budget pays for beside the fewest of the others."""
    if budget is None:
        return pool
    fewest = cost(pool, {each.name: each.min_replicas for each in pool})
    if fewest > budget:
        raise UsageError(f"the fewest replicas cost {fewest:g} an hour, more than --max-cost, {budget:g}", hint=HELP)
    return tuple(replace(each, max_replicas=_affordable(each, budget - fewest)) for each in pool)


def _affordable(one: VariantLoad, left: float) -> int:
    return min(one.max_replicas, one.min_replicas + math.floor(left / one.cost)) if one.cost else one.max_replicas


def _warn(pool: tuple[VariantLoad, ...], mean_rate: float, budget: float | None) -> None:
    """Where the pool cannot do what comes on average."""
    done = capacity(pool, cheapest(pool, mean_rate, budget))
    if done >= mean_rate * (1 - 1e-9):
        return
    unit, of = pool[0].capacity, f" of {pool[0].name}" if len(pool) > 1 else ""
    needed, allowed = f"{mean_rate / unit:.3g} replicas{of}", f"{done / unit:.3g}"
    message(f"the demand keeps {needed} busy on average, and {allowed} are allowed: no rule can keep up")
