"""Replays a demand against a rule: one queue before the replicas of a pool.

A replica that is asked for is paid for at once and ready a cold start later; those that go are first the ones that
start, the latest first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from orchestrator.core.scaling.bounds import packed_cost
from orchestrator.core.scaling.demand import Demand
from orchestrator.core.scaling.fluid_queue import FluidQueue
from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.outcome import Outcome, quantiles
from orchestrator.core.scaling.rule import Rule

HOUR_S = 3600.0


def replay(
    demand: Demand, variants: Sequence[VariantLoad], rule: Rule, interval_s: float = 10.0, max_wait_s: float = 2.0
) -> Outcome:
    """What becomes of `demand` when `rule` is asked every `interval_s`, from the ready replicas of `variants` on."""
    groups, queue = [_Group(each) for each in variants], FluidQueue(demand, max_wait_s)
    step_s, steps, per_look = demand.step_s, len(demand.work), max(1, round(interval_s / demand.step_s))
    memory: Any = None
    arrived: float | None = None
    paid = _Paid()
    for first in range(0, steps, per_look):
        last, now_s = min(first + per_look, steps), first * step_s
        seen = Load(now_s, per_look * step_s, arrived, queue.waiting, tuple(group.look(now_s) for group in groups))
        wanted, memory = rule(seen, memory)
        changes = sum(group.ask(wanted.get(group.variant.name, group.paid), now_s) for group in groups)
        paid.add(groups, changes, (last - first) * step_s / HOUR_S)
        arrived = _serve(queue, groups, first, last, step_s)
    return _outcome(queue, paid, packed_cost(demand, variants))


class _Paid:
    """The replicas so far, what they cost, and how often their number has changed."""

    def __init__(self) -> None:
        self.replicas: list[int] = []
        self.hours = self.cost = 0.0
        self.changes = 0

    def add(self, groups: Sequence[_Group], changes: int, hours: float) -> None:
        count = sum(group.paid for group in groups)
        self.replicas.append(count)
        self.hours += count * hours
        self.cost += sum(group.paid * group.variant.cost for group in groups) * hours
        self.changes += changes


def _outcome(queue: FluidQueue, paid: _Paid, packed: float) -> Outcome:
    p50_s, p99_s = quantiles(queue.waits, queue.requests, (0.5, 0.99))
    return Outcome(
        attainment=queue.in_time / queue.requests if queue.requests else 1.0,
        replica_hours=paid.hours,
        cost=paid.cost,
        packed_cost=packed,
        changes=paid.changes,
        wait_p50_s=p50_s,
        wait_p99_s=p99_s,
        peak_replicas=max(paid.replicas, default=0),
        replicas=tuple(paid.replicas),
        served_work=queue.served,
        left_work=queue.waiting,
    )


class _Group:
    """The replicas of one variant."""

    def __init__(self, variant: VariantLoad) -> None:
        self.variant = variant
        self.ready = variant.ready
        self.starting: deque[float] = deque([variant.cold_start_s] * variant.starting)  # when each is ready

    @property
    def paid(self) -> int:
        return self.ready + len(self.starting)

    @property
    def capacity(self) -> float:
        return self.ready * self.variant.capacity

    def look(self, now_s: float) -> VariantLoad:
        """As a rule sees it, with those ready that have become so."""
        self.settle(now_s)
        return replace(self.variant, ready=self.ready, starting=len(self.starting))

    def settle(self, now_s: float) -> None:
        while self.starting and self.starting[0] <= now_s:
            self.starting.popleft()
            self.ready += 1

    def ask(self, wanted: int, now_s: float) -> int:
        """Go towards `wanted` within the variant's bounds; how many replicas that changes."""
        target = min(max(wanted, self.variant.min_replicas), self.variant.max_replicas)
        before = self.paid
        self.starting.extend([now_s + self.variant.cold_start_s] * (target - before))
        while self.starting and self.paid > target:
            self.starting.pop()
        self.ready = min(self.ready, target)
        self.settle(now_s)
        return abs(target - before)


def _serve(queue: FluidQueue, groups: Sequence[_Group], first: int, last: int, step_s: float) -> float:
    """Go from one look to the next, in pieces between which replicas become ready."""
    starts = {step for group in groups for at_s in group.starting if first < (step := _step(at_s, step_s)) < last}
    edges = [first, *sorted(starts), last]
    arrived = 0.0
    for begin, end in pairwise(edges):
        for group in groups:
            group.settle(begin * step_s)
        arrived += queue.run(begin, end, sum(group.capacity for group in groups))
    return arrived


def _step(at_s: float, step_s: float) -> int:
    """The first step that begins at `at_s` or later."""
    return -int(-at_s // step_s)
