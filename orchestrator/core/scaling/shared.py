"""What fleets may cost together: each has its fewest replicas, and the rest goes where least was given yet.

Every fleet tells what it pays for and what it wants, and works out its own part of the same claims; none grows before
what it grows by has been given back by the others.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from orchestrator.core.scaling.budget import Budget
from orchestrator.core.scaling.decision import ScalingDecision
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.prior import PoolPrior
from orchestrator.core.scaling.seen import PoolSeen
from orchestrator.core.scaling.within import aside_cost

STALE_S = 60.0  # after which a fleet that tells nothing is taken to be gone


class Claim(NamedTuple):
    """What one fleet costs an hour, and would cost."""

    paid: float
    wanted: float
    fewest: float
    step: float  # of its cheapest replica
    at_s: float  # Unix time


Claims = Mapping[str, Claim]  # by the names of fleets


def fresh(claims: Claims, now_s: float) -> dict[str, Claim]:
    """Those of fleets that still tell."""
    return {name: claim for name, claim in claims.items() if abs(now_s - claim.at_s) < STALE_S}


def capped(goal: ScalingGoal, budget: Budget, own: str, claims: Claims) -> ScalingGoal:
    """The goal with no higher cost than what the fleet `own` may have of the budget."""
    allowed = allowance(budget, own, claims)
    return replace(goal, cost_per_hour=allowed if goal.cost_per_hour is None else min(allowed, goal.cost_per_hour))


def allowance(budget: Budget, own: str, claims: Claims) -> float:
    """What the fleet `own` may cost an hour; at least its fewest replicas."""
    left = budget.per_hour - sum(claim.paid for name, claim in claims.items() if name != own)
    mine = claims.get(own)
    if mine is None or sum(claim.wanted for claim in claims.values()) <= budget.per_hour:
        return max(0.0, left)
    return max(mine.fewest, min(left, shares(budget.per_hour, claims)[own]))


def shares(per_hour: float, claims: Claims) -> dict[str, float]:
    """A part for each: its fewest, then a replica at a time to who has been given least."""
    given = {name: claim.fewest for name, claim in claims.items()}
    left = per_hour - sum(given.values())
    queue = [(cost, name) for name, cost in given.items()]
    heapq.heapify(queue)
    while queue:
        _, name = heapq.heappop(queue)
        step = claims[name].step
        if 0 < step <= left and given[name] < claims[name].wanted:
            given[name] += step
            left -= step
            heapq.heappush(queue, (given[name], name))
    return given


def claim_of(decision: ScalingDecision, seen: PoolSeen, prior: PoolPrior) -> Claim:
    """What a fleet tells the others after a decision."""
    costs = {each.name: prior.variants[each.name].cost for each in seen.variants}

    def cost(counts: Mapping[str, int]) -> float:
        return sum(costs[name] * count for name, count in counts.items())

    aside = aside_cost(seen, prior)
    fewest = aside + cost({each.name: each.min_replicas for each in seen.variants})
    paid, wanted = aside + cost(decision.replicas), aside + cost(decision.wanted)
    return Claim(paid, wanted, fewest, min(costs.values()), seen.now_s)
