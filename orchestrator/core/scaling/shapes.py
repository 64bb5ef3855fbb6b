"""Synthetic demand of simple shapes, in work of about 1 a second; a replay scales it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from math import cos, pi
from random import Random

from orchestrator.core.scaling.demand import Demand

DAY_S = 86400
LEAST_BURST_S, MOST_BURST_S = 30, 300
CALM_S = 1800.0  # between two bursts, on average


def _step(duration_s: int, random: Random) -> Iterator[float]:
    """A third at half of the load, a third at twice, a third at half again."""
    for second in range(duration_s):
        yield 2.0 if duration_s <= 3 * second < 2 * duration_s else 0.5


def _ramp(duration_s: int, random: Random) -> Iterator[float]:
    """Up from a tenth to nearly twice the load, and down again."""
    for second in range(duration_s):
        yield 0.1 + 1.8 * (1 - abs(2 * second / duration_s - 1))


def _diurnal(duration_s: int, random: Random) -> Iterator[float]:
    """A wave a day, least at midnight, with the chance of requests that come one by one, about 30 a second."""
    for second in range(duration_s):
        rate = 1 - 0.8 * cos(2 * pi * second / DAY_S)
        yield max(0.0, random.gauss(rate, (rate / 30) ** 0.5))


def _bursts(duration_s: int, random: Random) -> Iterator[float]:
    """Calm load, and bursts to three or four times as much that begin within a second and last up to five minutes."""
    height, until_s, next_s = 1.0, 0.0, random.expovariate(1 / CALM_S)
    for second in range(duration_s):
        if second >= next_s:
            height, until_s = random.uniform(3, 4), second + random.uniform(LEAST_BURST_S, MOST_BURST_S)
            next_s = until_s + random.expovariate(1 / CALM_S)
        yield height if second < until_s else 1.0


def _mornings(duration_s: int, random: Random) -> Iterator[float]:
    """Four times the load from eight to six o'clock, that begins within a second, as much as a minute early or late."""
    for day in range(-(-duration_s // DAY_S)):
        begin_s, height = 8 * 3600 + random.uniform(-60, 60), random.uniform(1.7, 2.3)
        for second in range(min(DAY_S, duration_s - day * DAY_S)):
            rate = height if begin_s <= second < 18 * 3600 else 0.5
            yield max(0.0, random.gauss(rate, (rate / 30) ** 0.5))


SHAPES: Mapping[str, Callable[[int, Random], Iterator[float]]] = {
    "step": _step,
    "ramp": _ramp,
    "diurnal": _diurnal,
    "bursts": _bursts,
    "mornings": _mornings,
}


def shaped(shape: str, duration_s: int, seed: int = 0) -> Demand:
    """One of SHAPES, in steps of a second; a request is a unit of work."""
    work = array("d", SHAPES[shape](duration_s, Random(seed)))
    return Demand(1.0, work, work)
