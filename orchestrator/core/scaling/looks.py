"""Looks at a pool as they were recorded, with what was decided, so that each can be decided again."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.scaling.decision import ScalingDecision
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.pool_memory import PoolMemory
from orchestrator.core.scaling.prior import PoolPrior
from orchestrator.core.scaling.seen import PoolSeen


@dataclass(frozen=True)
class Look:
    """All that one decision rests on but what was remembered, and the decision."""

    seen: PoolSeen
    goal: ScalingGoal  # with what was left of a budget that is shared
    policy: ScalingPolicy
    prior: PoolPrior
    decision: ScalingDecision


@dataclass(frozen=True)
class Segment:
    """Looks that followed one another, and what was remembered before the first of them."""

    memory: PoolMemory | None
    looks: tuple[Look, ...]
