"""Whether the fleets that are allowed can reach a goal, by what the plan says of a replica."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.core.deployment import DeploymentSpec, Variant
from orchestrator.core.errors import DoesNotFit, QorchError, UsageError
from orchestrator.core.plan import FitPlan
from orchestrator.core.prediction import Prediction
from orchestrator.core.price import hourly_cost, price_per_hour
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.scaling.goal import ScalingGoal


@dataclass(frozen=True)
class Allowed:
    """The replicas that a variant may have."""

    speed: Prediction | None
    cost: float  # of one for an hour
    priced: bool  # by the user; in GPUs otherwise
    min_replicas: int
    max_replicas: int


def allowed_of_plan(plan: FitPlan) -> tuple[Allowed, ...]:
    """Of a plan with bounds, which has room for the most; the fewest are of the best."""
    left, found = plan.wish.bounds.min_replicas if plan.wish.bounds else 0, []
    for each in plan.placements:
        fewest = min(left, each.num_replicas)
        left -= fewest
        price = price_per_hour(each.fit, plan.wish.prices)
        cost = hourly_cost(price, len(each.fit.gpu_indices))
        found.append(Allowed(each.fit.prediction, cost, price is not None, fewest, each.num_replicas))
    return tuple(found)


def allowed_of_spec(spec: DeploymentSpec) -> tuple[Allowed, ...]:
    """Of a fleet whose number of replicas follows the load."""
    return tuple(_of_variant(each, each.bounds) for each in spec.variants if each.bounds is not None)


def _of_variant(variant: Variant, bounds: ReplicaBounds) -> Allowed:
    price = variant.price_per_hour
    cost = hourly_cost(price, variant.num_gpus)
    return Allowed(variant.predicted.speed, cost, price is not None, bounds.min_replicas, bounds.max_replicas)


def require_reachable(allowed: tuple[Allowed, ...], goal: ScalingGoal) -> None:
    """Raises UsageError or DoesNotFit for a goal that no allowed fleet reaches, with what is reachable."""
    for check in (_unpriced, _too_dear, _too_few, _too_slow_first, _too_slow, _too_little):
        if problem := check(allowed, goal):
            raise problem


def _unpriced(allowed: tuple[Allowed, ...], goal: ScalingGoal) -> QorchError | None:
    if goal.cost_per_hour is None or all(each.priced for each in allowed):
        return None
    return UsageError(
        f"at most {goal.cost_per_hour:g} an hour is asked for, and what a replica costs is not known",
        hint="qorch up --max-cost 3 --price gpu=1.80 --price host=0.10",
    )


def _too_dear(allowed: tuple[Allowed, ...], goal: ScalingGoal) -> QorchError | None:
    fewest, most = sum(each.min_replicas * each.cost for each in allowed), goal.most_per_hour
    if most is None or fewest <= most:
        return None
    count = sum(each.min_replicas for each in allowed)
    return DoesNotFit(
        f"at most {most:g} an hour is asked for, and the fewest replicas, {count}, cost {fewest:g}",
        hint=f"a cost of {fewest:g} or more, or fewer --min-replicas",
    )


def _too_few(allowed: tuple[Allowed, ...], goal: ScalingGoal) -> QorchError | None:
    most, wanted = sum(each.max_replicas for each in allowed), max((w.min_replicas for w in goal.schedule), default=0)
    if wanted <= most:
        return None
    return DoesNotFit(
        f"at some times {wanted} replicas are asked for, and {most} are the most allowed",
        hint=f"--max-replicas {wanted}",
    )


def _too_slow_first(allowed: tuple[Allowed, ...], goal: ScalingGoal) -> QorchError | None:
    alone_s = _least(each.speed.ttft_s if each.speed else None for each in allowed)
    if goal.ttft_s is None or alone_s <= goal.ttft_s:
        return None
    return DoesNotFit(
        f"a first token within {goal.ttft_s:g} s is asked for; alone on a replica it takes {alone_s:.2g} s by the plan",
        hint=f"--target-ttft {_above(alone_s)}s, or a faster profile: qorch plan --for latency",
    )


def _too_slow(allowed: tuple[Allowed, ...], goal: ScalingGoal) -> QorchError | None:
    alone_s = _least(1 / each.speed.decode_tok_s if each.speed else None for each in allowed)
    if goal.tpot_s is None or alone_s <= goal.tpot_s:
        return None
    return DoesNotFit(
        f"{goal.tpot_s:g} s a token is asked for; alone on a replica a stream takes {alone_s:.2g} s by the plan",
        hint=f"--target-tpot {_above(alone_s)}s, or a faster profile: qorch plan --for latency",
    )


def _too_little(allowed: tuple[Allowed, ...], goal: ScalingGoal) -> QorchError | None:
    wanted = max(goal.tok_s or 0.0, *(window.tok_s for window in goal.schedule), 0.0)
    most = most_tok_s(allowed, goal.most_per_hour)
    if wanted <= most:
        return None
    within = "" if goal.most_per_hour is None else f" and {goal.most_per_hour:g} an hour"
    count = sum(each.max_replicas for each in allowed)
    return DoesNotFit(
        f"{wanted:,g} tok/s are asked for; what is allowed, {count} replicas{within}, writes {most:,.0f} by the plan",
        hint=f"--target-tok-s {math.floor(most)}, or more --max-replicas",
    )


def most_tok_s(allowed: tuple[Allowed, ...], cost_per_hour: float | None) -> float:
    """Of the replicas that are allowed and paid for, those first that write most for their price; inf if unknown."""
    found, left = 0.0, math.inf if cost_per_hour is None else cost_per_hour
    for each in sorted(allowed, key=_price_of_speed):
        if each.speed is None:
            return math.inf
        paid = left / each.cost if each.cost else math.inf
        count = math.floor(min(each.max_replicas, paid))
        found += count * each.speed.saturation_tok_s
        left -= count * each.cost
    return found


def _price_of_speed(one: Allowed) -> float:
    return one.cost / one.speed.saturation_tok_s if one.speed else 0.0


def _least(values: Iterable[float | None]) -> float:
    """0 where one is not known: what is not known refuses nothing."""
    return min((value or 0.0 for value in values), default=0.0)


def _above(seconds: float) -> str:
    """Rounded up to two figures, so that it can be reached."""
    digits = 1 - math.floor(math.log10(seconds))
    return f"{math.ceil(seconds * 10**digits) / 10**digits:g}"
