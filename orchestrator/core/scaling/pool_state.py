"""What a pool's policy keeps in its file: the last decision, for people, and what the next one goes on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.core.scaling.decision import ScalingDecision
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.policy import ScalingPolicy
from orchestrator.core.scaling.pool_memory import PoolMemory
from orchestrator.core.scaling.prior import PoolPrior


@dataclass(frozen=True)
class Changes:
    """How often a variant was asked for more replicas, and for fewer."""

    up: int = 0
    down: int = 0


@dataclass(frozen=True)
class PoolState:
    """After a look at `memory.looked_at_s`; changes are by variant, since the fleet began."""

    goal: ScalingGoal
    policy: ScalingPolicy
    prior: PoolPrior
    decision: ScalingDecision
    memory: PoolMemory
    changes: Mapping[str, Changes] = field(default_factory=dict)

    @property
    def generation_tok_s(self) -> dict[str, float]:
        """Tokens a second that a full replica of each variant would generate, were there no prompts to read."""
        return {name: each.rate / self.prior.work.generation for name, each in self.memory.capacities.items()}


def with_change(
    changes: Mapping[str, Changes], before: Mapping[str, int], after: Mapping[str, int]
) -> dict[str, Changes]:
    """After one decision more; a variant that was not there before has not changed."""
    return {
        name: _changed(changes.get(name, Changes()), before.get(name, count), count) for name, count in after.items()
    }


def _changed(changes: Changes, before: int, after: int) -> Changes:
    return Changes(changes.up + (after > before), changes.down + (after < before))
