"""Whether recorded looks are decided again as they were, bit for bit, and lead to what was remembered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest

from orchestrator.core.scaling.decision import DecisionStep, ScalingDecision
from orchestrator.core.scaling.looks import Segment
from orchestrator.core.scaling.pool import pool_step
from orchestrator.core.scaling.pool_memory import PoolMemory


@dataclass(frozen=True)
class Difference:
    """The first thing that is not as it was: the look's Unix time, the step's name, and both in words."""

    at_s: float
    step: str
    recorded: str
    again: str


@dataclass(frozen=True)
class Verified:
    """How many looks, and the Unix times of the first and the last; all the same without a `difference`."""

    looks: int = 0
    begin_s: float = 0.0
    end_s: float = 0.0
    difference: Difference | None = None


def verified(segments: Iterable[Segment]) -> Iterator[Verified]:
    """How far it has come after each segment, the oldest first; it ends with the first difference."""
    so_far, memory = Verified(), None
    for segment in segments:
        so_far = replace(so_far, difference=_forgotten(segment, memory))
        memory = segment.memory
        for look in segment.looks:
            if so_far.difference:
                break
            decision, memory = pool_step(look.seen, look.goal, look.policy, look.prior, memory)
            so_far = _with(so_far, look.seen.now_s, _difference(look.seen.now_s, look.decision, decision))
        yield so_far
        if so_far.difference:
            return


def _with(so_far: Verified, at_s: float, difference: Difference | None) -> Verified:
    return Verified(so_far.looks + 1, so_far.begin_s if so_far.looks else at_s, at_s, difference)


def _forgotten(segment: Segment, memory: PoolMemory | None) -> Difference | None:
    """Of a segment that begins with what was remembered after the last look of the one before."""
    recorded = segment.memory
    if memory is None or recorded is None or recorded.looked_at_s != memory.looked_at_s or _same(recorded, memory):
        return None
    return Difference(memory.looked_at_s, "memory", f"{recorded}", f"{memory}")


def _same(one: PoolMemory, other: PoolMemory) -> bool:
    return one == other or repr(one) == repr(other)  # NaN differs from itself


def _difference(at_s: float, recorded: ScalingDecision, again: ScalingDecision) -> Difference | None:
    for one, other in zip_longest(recorded.steps, again.steps):
        if one is None or other is None or _bits(one) != _bits(other):
            return Difference(at_s, (one or other).name, _words(one), _words(other))
    if (recorded.replicas, recorded.wanted) != (again.replicas, again.wanted):
        return Difference(at_s, "answer", _answer(recorded), _answer(again))
    return None


def _answer(decision: ScalingDecision) -> str:
    return f"{dict(decision.replicas)} of {dict(decision.wanted)} wanted"


def _bits(step: DecisionStep) -> tuple[str, str, str]:
    return step.name, float(step.value).hex(), step.reason


def _words(step: DecisionStep | None) -> str:
    return f"{step.value!r} ({step.reason})" if step else "no such step"
