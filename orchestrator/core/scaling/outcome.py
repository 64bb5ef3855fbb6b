"""What a replay found out about one rule."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True)
class VariantUse:
    """The replicas of one variant that are paid for, from each look to the next, and their hours."""

    name: str
    replicas: tuple[int, ...]
    hours: float


@dataclass(frozen=True)
class Outcome:
    """Of one rule over one demand; waits are those on arrival, infinite while no replica is ready."""

    attainment: float  # share of the requests that waited as long as is allowed at most
    replica_hours: float  # from the moment a replica is asked for
    cost: float  # of those hours, in the unit of the variants' cost
    packed_cost: float  # of the hours of perfect packing
    changes: int  # replicas that were asked for or let go, all added up
    wait_p50_s: float
    wait_p99_s: float
    peak_replicas: int
    variants: tuple[VariantUse, ...]
    served_work: float
    left_work: float  # that waits when the demand ends

    @property
    def replicas(self) -> tuple[int, ...]:
        """Of all variants."""
        return tuple(map(sum, zip(*(each.replicas for each in self.variants), strict=True)))

    @property
    def ratio(self) -> float:
        """The cost against perfect packing."""
        return self.cost / self.packed_cost if self.packed_cost else 0.0


def quantiles(waits: Sequence[tuple[float, float]], total: float, shares: Sequence[float]) -> list[float]:
    """The waits below which each share of `total` requests stays; `waits` are (s, requests), others waited 0 s."""
    ordered = sorted(waits)
    waited = sum(requests for _, requests in ordered)
    reached = list(accumulate((requests for _, requests in ordered), initial=total - waited))
    return [_at(ordered, reached, share * total) for share in shares]


def _at(ordered: Sequence[tuple[float, float]], reached: Sequence[float], wanted: float) -> float:
    index = bisect_left(reached, wanted)
    if index == 0 or not ordered:
        return 0.0
    return ordered[min(index, len(ordered)) - 1][0]
