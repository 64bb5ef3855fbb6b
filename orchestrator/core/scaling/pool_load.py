"""From what replicas did to the load that is decided on.

What arrived is what was served and by how much more is unfinished, each unfinished request taken as a mean one: some
engines count a request's tokens only as it ends. In the long run that is exact, whatever the mean is taken to be.
"""

from __future__ import annotations

from dataclasses import replace

from orchestrator.core.scaling.cold_start import stuck
from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.pool_look import PoolLook
from orchestrator.core.scaling.pool_memory import PoolMemory
from orchestrator.core.scaling.seen import VariantSeen

UNASKED_S = 10.0  # after which what replicas do is no work of a client's


def pool_load(look: PoolLook, before: PoolMemory, memory: PoolMemory, interval_s: float) -> tuple[Load, PoolMemory]:
    """The load, and the memory with what was counted that is still owed; `before` is that of the look before."""
    arrived, waiting = _arrived(look, before, memory), look.did.waiting + look.seen.held_requests
    known = arrived is not None and _capacities_known(look, memory)
    total = (arrived or 0.0) + before.owed
    if look.did.lasting > 0 or waiting > 0 or _answered(look, before):
        memory = replace(memory, asked_s=memory.watched_s)
    elif memory.watched_s - memory.asked_s > UNASKED_S:
        total = min(0.0, total)
    load = Load(
        memory.watched_s,
        interval_s,
        max(0.0, total) if known else None,
        memory.request.work * waiting,
        tuple(_variant_load(each, look, memory) for each in look.seen.variants),
        look.did.lasting,
        clock_s=look.seen.now_s,
    )
    return load, replace(memory, owed=min(0.0, total), held_requests=look.seen.held_requests)


def _answered(look: PoolLook, before: PoolMemory) -> bool:
    """Whether clients were answered, or nobody knows; what only looks whether a model answers is not counted."""
    answered = look.seen.answered_requests
    return answered is None or answered != before.request.total


def _arrived(look: PoolLook, before: PoolMemory, memory: PoolMemory) -> float | None:
    """Those that tell nothing are taken to do as the others; None where none tells anything."""
    held = look.seen.held_requests * memory.request.work - before.held_requests * before.request.work
    did = look.did
    if not did.telling:
        return held if not look.blind or look.seen.held_requests else None
    now, then = did.unfinished * memory.request.work, did.unfinished_before * before.request.work
    return (did.served.work + now - then) * look.ready / did.telling + held


def _capacities_known(look: PoolLook, memory: PoolMemory) -> bool:
    return any(each.name in memory.capacities for each in look.seen.variants)


def _variant_load(variant: VariantSeen, look: PoolLook, memory: PoolMemory) -> VariantLoad:
    """Replicas that seem never to get ready count for nothing, and any other variant is asked for more before this."""
    cold = memory.cold_starts[variant.name]
    ready, late = len(variant.replicas), stuck(cold, memory.watched_s)
    return VariantLoad(
        variant.name,
        ready,
        max(0, variant.asked - ready - late),
        _capacity(variant, memory),
        cold.usual_s,
        min_replicas=variant.min_replicas,
        max_replicas=variant.max_replicas,
        late=late > 0,
    )


def _capacity(variant: VariantSeen, memory: PoolMemory) -> float:
    """Of a variant that has not shown what it does, that of the least of those that have."""
    known = memory.capacities.get(variant.name)
    return known.rate if known else min((each.rate for each in memory.capacities.values()), default=1.0)
