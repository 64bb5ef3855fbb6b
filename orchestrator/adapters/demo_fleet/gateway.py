"""What the gateway of the simulated fleet counts."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from itertools import accumulate
from math import inf
from random import Random

from orchestrator.adapters.demo_fleet.engine import Request, Second
from orchestrator.core.answered import OK, Answered
from orchestrator.core.live.histogram import Histogram
from orchestrator.core.live.reading import EngineTraffic, Traffic
from orchestrator.core.scaling.own_ttft import FirstTokens
from orchestrator.core.scaling.tpot_spread import TpotCounts, tpot_bin

TTFT_BOUNDS_S = (0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, inf)
TPOT_BOUNDS_S = (0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.2, inf)

KEPT, ONE_IN = 40, 4  # requests that are told of: not all, so that the recording stays small


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

    def __init__(self, random: Random) -> None:
        self._random = random
        self._count = 0  # of requests that ended
        self._ended: deque[Answered] = deque(maxlen=KEPT)
        self._retries: defaultdict[str, float] = defaultdict(float)  # by the replica that lost the request
        self._ttft, self._tpot = Latencies(TTFT_BOUNDS_S), Latencies(TPOT_BOUNDS_S)
        self._tpots: defaultdict[str, Counter[int]] = defaultdict(Counter)  # by variant
        self._by_replica: defaultdict[str, Latencies] = defaultdict(lambda: Latencies(TTFT_BOUNDS_S))

    @property
    def answered_total(self) -> float:
        return self._ttft.total

    @property
    def first_tokens(self) -> FirstTokens:
        return FirstTokens(self._ttft.total, self._ttft.seconds)

    def tpots(self, variant: str) -> TpotCounts:
        """Of its requests that have ended so far."""
        return {place: float(count) for place, count in sorted(self._tpots[variant].items())}

    def served(self, replica_id: str, variant: str, prompt_tokens: int, second: Second, at_s: float) -> None:
        """`at_s` is Unix time, at the end of the second."""
        self._count += len(second.ended)
        told = [each for number, each in enumerate(second.ended, self._count) if number % ONE_IN == 0]
        self._ended += (self._answered(replica_id, prompt_tokens, each, at_s) for each in told)
        self._ttft.add(second.ttfts_s)
        self._tpot.add(second.tpots_s)
        self._tpots[variant].update(map(tpot_bin, second.tpots_s))
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
            requests=tuple(self._ended),
            engines={name: self._engine(name, ttft) for name, ttft in self._by_replica.items()},
        )

    def _answered(self, replica_id: str, prompt_tokens: int, request: Request, at_s: float) -> Answered:
        """The seconds in which others' prompts were read are part of its pace."""
        name = f"{self._random.getrandbits(48):012x}"
        took_s, tpot_s = request.ttft_s + request.wrote_s, request.wrote_s / request.tokens
        counts = (prompt_tokens, round(request.tokens), request.tries)
        return Answered(at_s, name, replica_id, 200, OK, 0.0, took_s, request.ttft_s, tpot_s, *counts)

    def _engine(self, replica_id: str, ttft: Latencies) -> EngineTraffic:
        return EngineTraffic(self._retries.get(replica_id, 0.0), ttft.histogram())
