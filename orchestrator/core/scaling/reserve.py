"""How far demand has outrun what was expected of it a cold start before, and so how much is kept in reserve.

Each error is the replicas that would have been needed less those that were expected, in units of the spread at that
time. The reserve is the quantile of these errors that leaves the share of the work uncovered which may wait too long.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

LEAST, WIDTH, BINS = -4.0, 0.1, 200  # of the histogram, at most; errors beyond it count in the last bin
LEARNING_S = 14 * 86_400.0  # errors of so long ago count for a third
UNSEEN_S, PRIOR = 1000.0, 2.0  # at first, errors of this size are taken to have been seen for so long
MARGIN = 0.8  # of the share that may wait too long: who waits keeps those that come after waiting
MOST_GROWTH = 1e9


@dataclass(frozen=True)
class Reserve:
    """Errors by size up to the worst there was, each weighing the seconds it stands for, at usual demand.

    In place of all that is old becoming lighter, what is new is heavier: a second of now weighs `growth`.
    """

    weights: tuple[float, ...]
    total: float
    growth: float = 1.0


def first_reserve() -> Reserve:
    return Reserve((0.0,) * _bin(PRIOR) + (UNSEEN_S,), UNSEEN_S)


def with_error(reserve: Reserve, error: float, weight_s: float, interval_s: float) -> Reserve:
    """After an interval that needed `error` spreads more than was expected."""
    growth, index = reserve.growth * math.exp(interval_s / LEARNING_S), _bin(error)
    weights, weight = list(reserve.weights), growth * weight_s
    weights += [0.0] * (index + 1 - len(weights))
    weights[index] += weight
    after = Reserve(tuple(weights), reserve.total + weight, growth)
    return after if growth < MOST_GROWTH else _in_seconds_of_now(after)


def reserved(reserve: Reserve, allowed: float) -> float:
    """Spreads beyond what is expected, so that the share `allowed` of the work finds too little."""
    weights_beyond = list(accumulate(reversed(reserve.weights)))  # each bin of the worst
    uncovered = bisect_right(weights_beyond, MARGIN * allowed * reserve.total)  # bins
    return max(0.0, LEAST + WIDTH * (len(weights_beyond) - uncovered))


def _in_seconds_of_now(reserve: Reserve) -> Reserve:
    weights = tuple(weight / reserve.growth for weight in reserve.weights)
    return Reserve(weights, math.fsum(weights))


def _bin(error: float) -> int:
    return min(BINS - 1, max(0, int((error - LEAST) / WIDTH)))
