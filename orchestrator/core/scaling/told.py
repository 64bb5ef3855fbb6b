"""What a policy tells of itself: to gateways, which are in other pods, and to the controller after its own."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.fleet import Decided
from orchestrator.core.scaling.pool_state import PoolState

MOST_DECISIONS = 50


@dataclass(frozen=True)
class ScalingTold:
    """Its state, and the latest decisions that changed the number of replicas, the oldest first."""

    state: PoolState
    decisions: tuple[Decided, ...] = ()

    @property
    def last(self) -> Decided:
        """The last decision, whether it changed something or not."""
        return Decided(self.state.memory.looked_at_s, self.state.decision)


def newest(one: ScalingTold | None, other: ScalingTold | None) -> ScalingTold | None:
    """By the looks that they were made after; of two of the same look, the first."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda each: each.last.at_s)
