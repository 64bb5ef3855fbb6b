"""Replays a demand against a rule: one queue before the replicas of a pool."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from orchestrator.core.scaling.bounds import packed_cost
from orchestrator.core.scaling.demand import Demand, part
from orchestrator.core.scaling.fluid_queue import FluidQueue
from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.outcome import Outcome, VariantUse, quantiles
from orchestrator.core.scaling.replica_group import ReplicaGroup
from orchestrator.core.scaling.rule import Rule

HOUR_S = 3600.0


def replay(
    demand: Demand, variants: Sequence[VariantLoad], rule: Rule, interval_s: float = 10.0, max_wait_s: float = 2.0
) -> Outcome:
    """What becomes of `demand` when `rule` is asked every `interval_s`, from the ready replicas of `variants` on."""
    (outcome,) = replay_in_parts(demand, variants, rule, (len(demand.work),), interval_s, max_wait_s)
    return outcome


def replay_in_parts(
    demand: Demand, variants: Sequence[VariantLoad], rule: Rule, ends: Sequence[int], interval_s: float,
    max_wait_s: float,
) -> list[Outcome]:  # fmt: skip
    """The same in one go, with an outcome for each part of the steps; what waits and what is known go on."""
    run, queue, found = _Run(demand, variants, rule, interval_s), FluidQueue(demand, max_wait_s), []
    for begin, end in pairwise((0, *ends)):
        queue, paid = FluidQueue(demand, max_wait_s, queue.waiting), _Paid(variants)
        run.through(begin, end, queue, paid)
        found.append(_outcome(queue, paid, packed_cost(part(demand, begin, end), variants)))
    return found


class _Run:
    """The replicas, and a rule with what it remembers."""

    def __init__(self, demand: Demand, variants: Sequence[VariantLoad], rule: Rule, interval_s: float) -> None:
        self._step_s, self._per_look = demand.step_s, max(1, round(interval_s / demand.step_s))
        self._groups, self._rule = [ReplicaGroup(each) for each in variants], rule
        self._memory: Any = None
        self._arrived: float | None = None

    def through(self, begin: int, end: int, queue: FluidQueue, paid: _Paid) -> None:
        """From one step to another, look by look."""
        groups, step_s = self._groups, self._step_s
        for first in range(begin, end, self._per_look):
            last, now_s = min(first + self._per_look, end), first * step_s
            variants = tuple(group.look(now_s) for group in groups)
            seen = Load(now_s, self._per_look * step_s, self._arrived, queue.waiting, variants, clock_s=now_s)
            wanted, self._memory = self._rule(seen, self._memory)
            changes = sum(group.ask(wanted.get(group.variant.name, group.paid), now_s) for group in groups)
            paid.add(groups, changes, (last - first) * step_s / HOUR_S)
            self._arrived = _serve(queue, groups, first, last, step_s)


class _Paid:
    """The replicas of each variant so far, their hours, and how often their number has changed."""

    def __init__(self, variants: Sequence[VariantLoad]) -> None:
        self.variants = variants
        self.replicas: list[list[int]] = [[] for _ in variants]
        self.hours = [0.0 for _ in variants]
        self.changes = 0

    def add(self, groups: Sequence[ReplicaGroup], changes: int, hours: float) -> None:
        for place, group in enumerate(groups):
            self.replicas[place].append(group.paid)
            self.hours[place] += group.paid * hours
        self.changes += changes

    @property
    def cost(self) -> float:
        return sum(each.cost * hours for each, hours in zip(self.variants, self.hours, strict=True))

    def uses(self) -> tuple[VariantUse, ...]:
        by_variant = zip(self.variants, self.replicas, self.hours, strict=True)
        return tuple(VariantUse(each.name, tuple(counts), hours) for each, counts, hours in by_variant)


def _outcome(queue: FluidQueue, paid: _Paid, packed: float) -> Outcome:
    p50_s, p99_s = quantiles(queue.waits, queue.requests, (0.5, 0.99))
    return Outcome(
        attainment=queue.in_time / queue.requests if queue.requests else 1.0,
        replica_hours=sum(paid.hours),
        cost=paid.cost,
        packed_cost=packed,
        changes=paid.changes,
        wait_p50_s=p50_s,
        wait_p99_s=p99_s,
        peak_replicas=max(map(sum, zip(*paid.replicas, strict=True)), default=0),
        variants=paid.uses(),
        served_work=queue.served,
        left_work=queue.waiting,
    )


def _serve(queue: FluidQueue, groups: Sequence[ReplicaGroup], first: int, last: int, step_s: float) -> float:
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
