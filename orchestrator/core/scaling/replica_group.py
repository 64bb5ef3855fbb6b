"""The replicas of one variant in a replay.

One that is asked for is paid for at once and ready a cold start later; those that go are first the ones that start, the
latest first.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from orchestrator.core.scaling.load import VariantLoad


class ReplicaGroup:
    """Those that are ready, and when each of the others will be."""

    def __init__(self, variant: VariantLoad) -> None:
        self.variant = variant
        self.ready = variant.ready
        self.starting: deque[float] = deque([variant.cold_start_s] * variant.starting)

    @property
    def paid(self) -> int:
        return self.ready + len(self.starting)

    @property
    def capacity(self) -> float:
        return self.ready * self.variant.capacity

    def look(self, now_s: float) -> VariantLoad:
        """As a rule sees it, with those ready that have become so."""
        self.settle(now_s)
        return replace(self.variant, ready=self.ready, starting=len(self.starting))

    def settle(self, now_s: float) -> None:
        while self.starting and self.starting[0] <= now_s:
            self.starting.popleft()
            self.ready += 1

    def ask(self, wanted: int, now_s: float) -> int:
        """Go towards `wanted` within the variant's bounds; how many replicas that changes."""
        target = min(max(wanted, self.variant.min_replicas), self.variant.max_replicas)
        before = self.paid
        self.starting.extend([now_s + self.variant.cold_start_s] * (target - before))
        while self.starting and self.paid > target:
            self.starting.pop()
        self.ready = min(self.ready, target)
        self.settle(now_s)
        return abs(target - before)
