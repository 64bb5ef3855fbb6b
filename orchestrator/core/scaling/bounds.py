"""What no rule can beat: perfect packing, and a rule that knows the demand over the cold start ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import ceil

from orchestrator.core.scaling.demand import Demand
from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.mix import affordable, cheapest, without_dearest, work_price
from orchestrator.core.scaling.rule import Rule
from orchestrator.core.scaling.sliding import Sliding, largest, with_value

HOUR_S = 3600.0
WINDOWS_STEPS = (1, 2, 3, 4, 5, 6, 8, 11, 15, 20, 27, 36, 48, 65, 87, 116, 155, 207, 276, 350)  # that a peak may last
ROUNDING = 1e-6  # of a replica, which sums over a fortnight are off by at most
AIM = 0.75  # of the longest wait, since a peak may last otherwise than these windows


def packed_cost(demand: Demand, variants: Sequence[VariantLoad]) -> float:
    """Replicas that are paid by the second and never idle, the cheapest first as far as there may be of them."""
    *cheaper, dearest = sorted(variants, key=work_price)
    left, cost = demand.total_work, 0.0
    for each in cheaper:
        done = min(left, each.max_replicas * each.capacity * demand.duration_s)
        left -= done
        cost += done * work_price(each)
    return (cost + left * work_price(dearest)) / HOUR_S


def clairvoyant(
    demand: Demand, variants: Sequence[VariantLoad], interval_s: float, max_wait_s: float, budget: float | None = None
) -> Rule:
    """Has the cheapest mix for all that begins before a replica that is asked for at the next look would be ready."""
    per_look, steps = max(1, round(interval_s / demand.step_s)), len(demand.work)
    grain = least_capacity(variants)
    needs = _Needs(demand, grain, max_wait_s)
    by_look = [max(map(needs.at, range(first, min(first + per_look, steps)))) for first in range(0, steps, per_look)]
    mixes = {need: cheapest(tuple(variants), need * grain, budget) for need in set(by_look)}
    ahead = {
        each.name: _most_ahead(
            [mixes[need][each.name] for need in by_look], 1 + ceil(each.cold_start_s / (per_look * demand.step_s))
        )
        for each in variants
    }

    def rule(load: Load, memory: None) -> tuple[Mapping[str, int], None]:
        step = round(load.now_s / demand.step_s)
        for_waiting = needs.at(step, load.waiting / grain) * grain  # which one that is asked for now would miss
        there = {each.name: each.replicas for each in load.variants}
        kept = without_dearest(load.variants, there, lambda rest, _: rest >= for_waiting)
        wanted = {name: max(count, ahead[name][step // per_look]) for name, count in kept.items()}
        return affordable(load.variants, wanted, budget), None

    return rule


def first_need(demand: Demand, capacity: float, first_s: float, max_wait_s: float) -> int:
    """Replicas that must be ready from the start on, for what begins to come in the first seconds."""
    needs = _Needs(demand, capacity, max_wait_s)
    return max(map(needs.at, range(min(ceil(first_s / demand.step_s), len(demand.work)))), default=0)


def least_capacity(variants: Sequence[VariantLoad]) -> float:
    """What needs are counted in where variants differ: every whole number of it is some number of replicas' work."""
    return min(each.capacity for each in variants)


class _Needs:
    """How many replicas serve what comes from a moment on in time."""

    def __init__(self, demand: Demand, capacity: float, max_wait_s: float) -> None:
        self._sums = [0.0, *accumulate(work / capacity for work in demand.work)]  # seconds of a replica
        lengths_s = [(length, length * demand.step_s) for length in WINDOWS_STEPS]
        *shorter, (longest, longest_s) = lengths_s  # at whose end the queue shall be empty again
        self._windows = [(length, length_s, 1 / (length_s + AIM * max_wait_s)) for length, length_s in shorter]
        self._windows.append((longest, longest_s, 1 / longest_s))

    def at(self, step: int, waiting: float = 0.0) -> int:
        """The replicas that let nothing wait too long until the queue is empty again, which what comes later finds.

        Work w that comes within L seconds, what waits before it included, is gone in time exactly when
        w <= replicas x (L + the longest wait).
        """
        sums, needed = self._sums, 0
        before, last = sums[step], len(sums) - 1
        for length, length_s, share in self._windows:
            work = waiting + sums[min(step + length, last)] - before
            needed = max(needed, ceil(work * share - ROUNDING))
            if work <= needed * length_s:
                break
        return needed


def _most_ahead(values: Sequence[int], length: int) -> list[int]:
    """For each place the largest of the `length` values from it on."""
    sliding: Sliding = ()
    found = []
    for place, value in enumerate(reversed(values)):
        sliding = with_value(sliding, place, value, length)
        found.append(int(largest(sliding)))
    return found[::-1]
