"""What no rule can beat: perfect packing, and a rule that knows the demand over the cold start ahead."""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import ceil

from orchestrator.core.scaling.demand import Demand
from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.rule import Rule, one_variant

HOUR_S = 3600.0
WINDOWS_STEPS = (
    1,
    2,
    3,
    4,
    5,
    6,
    8,
    11,
    15,
    20,
    27,
    36,
    48,
    65,
    87,
    116,
    155,
    207,
    276,
    350,
)  # over which a peak may last
AIM = 0.75  # of the longest wait, since a peak may last otherwise than these windows


def packed_cost(demand: Demand, variants: Sequence[VariantLoad]) -> float:
    """Replicas that are paid by the second and never idle, all of the variant whose work is cheapest."""
    return demand.total_work * min(each.cost / each.capacity for each in variants) / HOUR_S


def clairvoyant(demand: Demand, cold_start_s: float, interval_s: float, max_wait_s: float) -> Rule:
    """Has what is needed for all that begins before a replica that is asked for at the next look would be ready.

    Work w that comes within L seconds, what waits before it included, is gone in time exactly when
    w <= capacity x (L + max_wait_s).
    """
    aim_s = AIM * max_wait_s
    per_look = max(1, round(interval_s / demand.step_s))
    sums = [0.0, *accumulate(demand.work)]
    needed = _needed_rates(sums, demand.step_s, aim_s)
    by_look = [max(needed[first : first + per_look]) for first in range(0, len(needed), per_look)]
    ahead = list(_most_ahead(by_look, 1 + ceil(cold_start_s / (per_look * demand.step_s))))

    def count(load: Load, main: VariantLoad, memory: None) -> tuple[int, None]:
        step = round(load.now_s / demand.step_s)
        ends = [min(step + length, len(demand.work)) for length in WINDOWS_STEPS]
        clearing = ((load.waiting + sums[end] - sums[step]) / ((end - step) * demand.step_s + aim_s) for end in ends)
        kept = min(main.replicas, ceil(max(clearing) / main.capacity))  # one that is asked for now comes too late
        return max(kept, ceil(ahead[step // per_look] / main.capacity)), None

    return one_variant(count, None)


def first_need(demand: Demand, first_s: float, max_wait_s: float) -> float:
    """Work a second that must be ready from the start on, for what begins to come in the first seconds."""
    steps = max(1, ceil(first_s / demand.step_s))
    sums = [0.0, *accumulate(demand.work[: steps + WINDOWS_STEPS[-1]])]
    return max(_needed_rates(sums, demand.step_s, AIM * max_wait_s)[:steps], default=0.0)


def _needed_rates(sums: Sequence[float], step_s: float, max_wait_s: float) -> Sequence[float]:
    """Work a second that must be ready from each step on, for what begins to come in it; `sums` is all work before."""
    needed = array("d", [0.0]) * (len(sums) - 1)
    for length in (each for each in WINDOWS_STEPS if each < len(sums)):
        share = 1 / (length * step_s + max_wait_s)
        rates = ((end - begin) * share for begin, end in zip(sums, sums[length:], strict=False))
        needed[: len(sums) - length] = array("d", map(max, needed, rates))
    return needed


def _most_ahead(values: Sequence[float], length: int) -> Iterator[float]:
    """For each place the largest of the `length` values from it on, in one pass."""
    largest: deque[int] = deque()  # places whose values fall
    for place in range(len(values) + length - 1):
        if place < len(values):
            while largest and values[largest[-1]] <= values[place]:
                largest.pop()
            largest.append(place)
        first = place - length + 1
        if first >= 0:
            while largest[0] < first:
                largest.popleft()
            yield values[largest[0]]
