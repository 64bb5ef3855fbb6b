"""Latencies as a gateway counts them: cumulative counts below bounds, as Prometheus has them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite
from operator import sub


@dataclass(frozen=True, slots=True)
class Histogram:
    """`counts[i]` observations took at most `bounds[i]` seconds; the last bound is infinite."""

    bounds: tuple[float, ...]
    counts: tuple[float, ...]

    @property
    def total(self) -> float:
        return self.counts[-1] if self.counts else 0.0


NOTHING = Histogram((inf,), (0.0,))


def since(before: Histogram, now: Histogram) -> Histogram:
    """What came in between; all of it where the counter began anew or has other bounds."""
    counts = tuple(map(sub, now.counts, before.counts))
    return now if before.bounds != now.bounds or min(counts, default=0.0) < 0 else Histogram(now.bounds, counts)


def quantile(histogram: Histogram, share: float) -> float | None:
    """Seconds that `share` of the observations took at most, linear within a bucket; None where there are none.

    As Prometheus' `histogram_quantile` has it: beyond the last finite bound it is that bound.
    """
    total = histogram.total
    if not total > 0 or not isfinite(total):
        return None
    found = _within(histogram, share * total)
    return found if found is not None and isfinite(found) else None


def _within(histogram: Histogram, rank: float) -> float | None:
    at = bisect_left(histogram.counts, rank)
    if not isfinite(histogram.bounds[at]):
        return histogram.bounds[at - 1] if at else None
    begin_s, below = (histogram.bounds[at - 1], histogram.counts[at - 1]) if at else (0.0, 0.0)
    inside = histogram.counts[at] - below
    return begin_s + (histogram.bounds[at] - begin_s) * ((rank - below) / inside if inside > 0 else 0.0)


def together(several: Sequence[Histogram]) -> Histogram:
    """Of several gateways as one; those with other bounds than the first are left out."""
    alike = [each.counts for each in several if each.bounds == several[0].bounds]
    return Histogram(several[0].bounds, tuple(map(sum, zip(*alike, strict=True)))) if alike else NOTHING
