"""What the gateway of the simulated fleet counts."""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate
from math import inf

from orchestrator.core.live.histogram import Histogram
from orchestrator.core.live.reading import Traffic
from orchestrator.core.scaling.own_ttft import FirstTokens

BOUNDS_S = (0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, inf)


class Gateway:
    """Totals from its start; a request counts as answered when it is begun."""

    def __init__(self) -> None:
        self.retries_total = 0.0
        self._counts = [0] * len(BOUNDS_S)
        self._seconds = 0.0

    @property
    def answered_total(self) -> float:
        return float(sum(self._counts))

    @property
    def first_tokens(self) -> FirstTokens:
        return FirstTokens(self.answered_total, self._seconds)

    def begun(self, ttfts_s: list[float]) -> None:
        for ttft_s in ttfts_s:
            self._counts[bisect_left(BOUNDS_S, ttft_s)] += 1
            self._seconds += ttft_s

    def traffic(self, in_flight: int) -> Traffic:
        ttft = Histogram(BOUNDS_S, tuple(map(float, accumulate(self._counts))))
        return Traffic(in_flight, self.answered_total, 0.0, self.retries_total, ttft)
