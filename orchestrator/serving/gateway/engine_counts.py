"""What a gateway has counted of one engine: it begins with the engine and goes with it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate

TTFT_BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)


class Buckets:
    """Counts of seconds below bounds; without labels or locks, since each engine of thousands has its own."""

    def __init__(self, bounds_s: Sequence[float]) -> None:
        self._bounds_s = bounds_s
        self._counts = [0] * (len(bounds_s) + 1)

    def observe(self, seconds: float) -> None:
        self._counts[bisect_left(self._bounds_s, seconds)] += 1

    @property
    def cumulative(self) -> list[int]:
        """At most each bound, and at last all, as Prometheus has them."""
        return list(accumulate(self._counts))


class EngineCounts:
    """Requests that the engine did not answer as it should, and how long clients waited for its first piece."""

    def __init__(self) -> None:
        self.failed = 0
        self.ttft = Buckets(TTFT_BOUNDS_S)
