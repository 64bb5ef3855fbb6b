"""How far demand has outrun what was expected of it a cold start before, and so how much is kept in reserve.

Each error is the replicas that would have been needed less those that were expected, in units of the spread at that
time. The reserve is the quantile of these errors that leaves the share of the work uncovered which may wait too long.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

WIDTH, BINS = 0.03, 140  # of log(1 + error); errors beyond 64 count in the last bin
LEARNING_S = 14 * 86_400.0  # errors of so long ago count for a third
UNSEEN_S, PRIOR = 150.0, 2.0  # at first, errors of this size are taken to have been seen for so long
MARGIN = 0.8  # of the share that may wait too long: who waits keeps those that come after waiting
GRACE_S, GRACE_SHARE = 100.0, 0.01  # besides, and of all at most: else one burst is all that the first days know
MOST_GROWTH = 1e9


@dataclass(frozen=True)
class Reserve:
    """Errors by size up to the worst there was, each weighing the seconds it stands for, at usual demand.

    The first bin is of all that needed no reserve; the others are wider the larger what they hold. In place of all that
    is old becoming lighter, what is new is heavier: a second of now weighs `growth`.
    """

    bins: tuple[float, ...]
    total: float
    growth: float = 1.0


def first_reserve() -> Reserve:
    return Reserve((0.0,) * _bin(PRIOR) + (UNSEEN_S,), UNSEEN_S)


def with_error(reserve: Reserve, error: float, weight_s: float, interval_s: float) -> Reserve:
    """After an interval that needed `error` spreads more than was expected."""
    growth, index = reserve.growth * math.exp(interval_s / LEARNING_S), _bin(error)
    bins, weight = list(reserve.bins), growth * weight_s
    bins += [0.0] * (index + 1 - len(bins))
    bins[index] += weight
    after = Reserve(tuple(bins), reserve.total + weight, growth)
    return after if growth < MOST_GROWTH else _in_seconds_of_now(after)


def reserved(reserve: Reserve, allowed: float) -> float:
    """Spreads beyond what is expected, so that the share `allowed` of the work finds too little."""
    left_s = MARGIN * allowed * reserve.total + _grace_s(reserve)
    for place in range(len(reserve.bins) - 1, 0, -1):
        left_s -= reserve.bins[place]
        if left_s < 0:
            return math.expm1(WIDTH * place)
    return 0.0


def _grace_s(reserve: Reserve) -> float:
    """Of what was missed beyond the share: that is a share of little at first, and a burst is never of less."""
    return min(GRACE_S * reserve.growth, GRACE_SHARE * reserve.total)


def _in_seconds_of_now(reserve: Reserve) -> Reserve:
    bins = tuple(weight / reserve.growth for weight in reserve.bins)
    return Reserve(bins, math.fsum(bins))


def _bin(error: float) -> int:
    return min(BINS - 1, 1 + int(math.log1p(error) / WIDTH)) if error > 0 else 0
