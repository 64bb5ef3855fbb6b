"""How far demand has outrun what was expected of it over a cold start, and so how much is kept in reserve.

The reserve is a quantile of these errors, in units of the square root of the usual demand, as counts vary. Which
quantile is learned too: waits that were too long lower the share of errors that is left uncovered, and their absence
raises it slowly, so that in the long run as many requests wait too long as the goal allows (adaptive conformal
inference, Gibbs and Candes 2021, with the step in logarithms).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

LEAST, WIDTH, BINS = -2.0, 0.1, 120  # of the histogram; errors beyond it count in the last bin
LEARNING_S = 2 * 86_400.0  # errors of so long ago count for a third
UNSEEN_S, PRIOR = 100.0, 1.0  # at first, errors of this size are taken to have been seen for so long
FIRST_TAIL, LEAST_TAIL, MOST_TAIL = 0.03, 1e-4, 0.2
MOST_WEIGHT = 3.0  # of an interval with more requests than usual


@dataclass(frozen=True)
class Reserve:
    """Errors by size, each weighing the seconds it stands for, and the share of them that stays uncovered."""

    weights: tuple[float, ...]
    log_tail: float = math.log(FIRST_TAIL)


def first_reserve() -> Reserve:
    at_first = _bin(PRIOR)
    return Reserve(tuple(UNSEEN_S if index == at_first else 0.0 for index in range(BINS)))


def with_error(reserve: Reserve, error: float, usual: float, interval_s: float) -> Reserve:
    """After demand was by `error` higher, at its highest, than expected; in replicas, as what is `usual`."""
    keep = math.exp(-interval_s / LEARNING_S)
    weights = [weight * keep for weight in reserve.weights]
    weights[_bin(error / _unit(usual))] += interval_s
    return replace(reserve, weights=tuple(weights))


def with_misses(reserve: Reserve, missed: bool, allowed: float, weight: float, interval_s: float) -> Reserve:
    """After an interval whose requests `missed` the goal, which the share `allowed` may; `weight` is 1 as usual."""
    step = (1 - missed / allowed) * min(MOST_WEIGHT, weight) * interval_s / LEARNING_S
    log_tail = min(math.log(MOST_TAIL), max(math.log(LEAST_TAIL), reserve.log_tail + step))
    return replace(reserve, log_tail=log_tail)


def reserved(reserve: Reserve, usual: float) -> float:
    """Replicas beyond those that are expected to be needed."""
    return max(0.0, _quantile(reserve)) * _unit(usual)


def _quantile(reserve: Reserve) -> float:
    uncovered = math.exp(reserve.log_tail) * sum(reserve.weights)
    index = BINS
    while index and uncovered >= 0:
        index -= 1
        uncovered -= reserve.weights[index]
    return LEAST + WIDTH * (index + 1)


def _bin(error: float) -> int:
    return min(BINS - 1, max(0, int((error - LEAST) / WIDTH)))


def _unit(usual: float) -> float:
    return math.sqrt(max(usual, 1.0))
