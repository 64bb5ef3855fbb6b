"""What the gateway of the simulated fleet counts."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from itertools import accumulate
from math import inf

from orchestrator.adapters.demo_fleet.engine import Second
from orchestrator.core.live.histogram import Histogram
from orchestrator.core.live.reading import EngineTraffic, Traffic
from orchestrator.core.scaling.own_ttft import FirstTokens

TTFT_BOUNDS_S = (0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, inf)
TPOT_BOUNDS_S = (0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.2, inf)


class Latencies:
    """Seconds, counted below bounds."""

    def __init__(self, bounds_s: tuple[float, ...]) -> None:
        self._bounds_s = bounds_s
        self._counts = [0] * len(bounds_s)
        self.seconds = 0.0

    @property
    def total(self) -> float:
        return float(sum(self._counts))

    def add(self, each_s: Iterable[float]) -> None:
        for one_s in each_s:
            self._counts[bisect_left(self._bounds_s, one_s)] += 1
            self.seconds += one_s

    def histogram(self) -> Histogram:
        return Histogram(self._bounds_s, tuple(map(float, accumulate(self._counts))))


class Gateway:
    """Totals from its start; a request counts as answered when it is begun."""

    def __init__(self) -> None:
        self._retries: defaultdict[str, float] = defaultdict(float)  # by the replica that lost the request
        self._ttft, self._tpot = Latencies(TTFT_BOUNDS_S), Latencies(TPOT_BOUNDS_S)
        self._by_replica: defaultdict[str, Latencies] = defaultdict(lambda: Latencies(TTFT_BOUNDS_S))

    @property
    def answered_total(self) -> float:
        return self._ttft.total

    @property
    def first_tokens(self) -> FirstTokens:
        return FirstTokens(self._ttft.total, self._ttft.seconds)

    def served(self, replica_id: str, second: Second) -> None:
        self._ttft.add(second.ttfts_s)
        self._tpot.add(second.tpots_s)
        self._by_replica[replica_id].add(second.ttfts_s)

    def retried(self, replica_id: str) -> None:
        """Another engine has a request that this one lost."""
        self._retries[replica_id] += 1

    def traffic(self, in_flight: int) -> Traffic:
        """No request fails: one that an engine loses goes to another."""
        return Traffic(
            in_flight=in_flight,
            answered_total=self.answered_total,
            retries_total=sum(self._retries.values()),
            ttft=self._ttft.histogram(),
            tpot=self._tpot.histogram(),
            engines={name: self._engine(name, ttft) for name, ttft in self._by_replica.items()},
        )

    def _engine(self, replica_id: str, ttft: Latencies) -> EngineTraffic:
        return EngineTraffic(self._retries.get(replica_id, 0.0), ttft.histogram())
