"""What came in and what was there, minute by minute: the load of a pool as people and simulations want it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import groupby, pairwise

from orchestrator.core.scaling.pool_memory import PoolMemory
from orchestrator.core.scaling.replica_track import BEGINNING, STALE_S, ReplicaTrack
from orchestrator.core.scaling.seen import PoolSeen

MINUTE_S = 60.0
MOST_DAYS = 35  # of minutes that are kept
MOST_HOLE_S = 7 * 86_400.0


@dataclass(frozen=True)
class LoadMinute:
    """One minute, or what of it was watched."""

    begin_s: float  # Unix time, a whole minute
    watched_s: float
    requests: float  # answered
    prompt_tokens: float
    generation_tokens: float
    work_s: float  # that arrived, in seconds of a replica of the first variant
    waiting: float  # requests that no replica had begun, at most at once
    held: float  # and of these in the gateway
    ready: int  # replicas, as the minute ended
    asked: int

    @property
    def demand(self) -> float:
        """Replicas that were busy on average."""
        return self.work_s / self.watched_s if self.watched_s else 0.0


def gained(seen: PoolSeen, before: PoolMemory | None, after: PoolMemory) -> LoadMinute:
    """What one look adds to its minute; `before` and `after` are what was remembered."""
    watched_s = after.watched_s - before.watched_s if before else 0.0
    told = [sample for each in seen.variants for sample in each.replicas.values() if sample and sample.sensible]
    return LoadMinute(
        seen.now_s // MINUTE_S * MINUTE_S,
        watched_s,
        *(_amounts(before, after) if before and watched_s else (0.0, 0.0, 0.0, 0.0)),
        sum(sample.num_requests_waiting for sample in told) + seen.held_requests,
        seen.held_requests,
        sum(len(each.replicas) for each in seen.variants),
        sum(each.asked for each in seen.variants),
    )


def together(one: LoadMinute, later: LoadMinute) -> LoadMinute:
    """Two parts of the same minute."""
    return replace(
        later,
        watched_s=one.watched_s + later.watched_s,
        requests=one.requests + later.requests,
        prompt_tokens=one.prompt_tokens + later.prompt_tokens,
        generation_tokens=one.generation_tokens + later.generation_tokens,
        work_s=one.work_s + later.work_s,
        waiting=max(one.waiting, later.waiting),
        held=max(one.held, later.held),
    )


def minutes(gains: Iterable[LoadMinute]) -> Iterator[LoadMinute]:
    """The parts of each minute together, where they follow one another."""
    for _, parts in groupby(gains, key=lambda each: each.begin_s):
        yield reduce(together, parts)


def unbroken(found: Sequence[LoadMinute]) -> Iterator[LoadMinute]:
    """With minutes of nothing in place of those that nobody watched; where a clock has jumped, what came after it."""
    begin = max((at for at, (one, other) in enumerate(pairwise(found), 1) if _jumped(one, other)), default=0)
    due_s = float("inf")
    for each in found[begin:]:
        while due_s < each.begin_s:
            yield LoadMinute(due_s, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0)
            due_s += MINUTE_S
        yield each
        due_s = each.begin_s + MINUTE_S


def _jumped(one: LoadMinute, other: LoadMinute) -> bool:
    return other.begin_s - one.begin_s > MOST_HOLE_S


def _amounts(before: PoolMemory, after: PoolMemory) -> tuple[float, float, float, float]:
    """Requests, tokens of prompts, tokens that were generated, and work."""
    prompts = generations = 0.0
    for key, track in after.tracks.items():
        prompt, generation = _tokens(before.tracks.get(key), track)
        prompts, generations = prompts + prompt, generations + generation
    spans = after.scaling.spans if after.scaling else ()
    return (
        _requests(before.request.total, after.request.total),
        prompts,
        generations,
        spans[-1].work_s if spans and spans[-1].end_s == after.watched_s else 0.0,
    )


def _requests(then: float | None, now: float | None) -> float:
    """A count that has fallen began anew."""
    if then is None or now is None:
        return 0.0
    return now - then if now >= then else now


def _tokens(before: ReplicaTrack | None, after: ReplicaTrack) -> tuple[float, float]:
    """Of one replica; totals that have fallen, or that nobody saw begin, tell nothing, as in `followed`."""
    then = before.sample if before else BEGINNING if after.sample.clock_s <= STALE_S else after.sample
    prompt = after.sample.prompt_tokens_total - then.prompt_tokens_total
    generation = after.sample.generation_tokens_total - then.generation_tokens_total
    return (0.0, 0.0) if min(prompt, generation) < 0 else (prompt, generation)
