"""When a plan that runs gives way to another: pods that move are a disruption, so there has to be a reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

CLEARLY_BETTER = 1.1  # times the worth of the plan that runs


class ReplanPolicy(StrEnum):
    """What `spec.replan.policy` takes."""

    IF_BROKEN = "IfBroken"
    IF_BETTER = "IfBetter"
    NEVER = "Never"


@dataclass(frozen=True)
class ReplanRule:
    """When another plan may take the place of the one that runs."""

    policy: ReplanPolicy = ReplanPolicy.IF_BROKEN
    min_interval_s: float = 6 * 3600.0  # between two plans, for something better
    grace_s: float = 300.0  # in which nodes that are gone may come back


@dataclass(frozen=True)
class Running:
    """The plan that runs, as far as the decision needs it."""

    at_s: float  # Unix time of the plan
    missing: str  # what of it the cluster has no place for; empty where all of it could be placed
    missing_since_s: float | None  # Unix time; None where nothing is missing, or only since now


@dataclass(frozen=True)
class Keep:
    """The plan that runs stays; `until_s` is when to ask again, None: when something changes."""

    until_s: float | None = None


@dataclass(frozen=True)
class Replan:
    """Another plan is to be made; it is taken if it is worth at least `least_worth` times what runs."""

    why: str
    least_worth: float = 0.0


def replan(rule: ReplanRule, running: Running, now_s: float) -> Keep | Replan:
    """What to do about a plan whose wish is still the same, at a Unix time."""
    if rule.policy is ReplanPolicy.NEVER:
        return Keep()
    if running.missing:
        since_s = now_s if running.missing_since_s is None else running.missing_since_s
        over_s = since_s + rule.grace_s
        return Replan(running.missing) if now_s >= over_s else Keep(over_s)
    if rule.policy is ReplanPolicy.IF_BROKEN:
        return Keep()
    due_s = running.at_s + rule.min_interval_s
    return Replan("the cluster may have something better", CLEARLY_BETTER) if now_s >= due_s else Keep(due_s)
