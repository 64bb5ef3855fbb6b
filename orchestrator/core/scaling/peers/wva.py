"""llm-d's workload variant autoscaler (WVA), its saturation analyzer.

Source: llm-d/llm-d-workload-variant-autoscaler, docs on saturation scaling: a replica is saturated from 80 % KV cache
or 5 waiting requests on; one more of the cheapest variant when the others have less than 10 % or 3 requests to spare on
average, unless one of it is pending; one less of the dearest when the rest would keep that much; through an HPA that
waits 240 s before it scales down. All replicas of a fluid are equally full, and the share that is busy stands for the
KV cache in use. Looks every 60 s.
"""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.peers.hpa import Wishes, stabilised
from orchestrator.core.scaling.peers.signal import SERVICE_S, SLOTS
from orchestrator.core.scaling.rule import Rule

KV_THRESHOLD, QUEUE_THRESHOLD = 0.80, 5.0
KV_SPARE, QUEUE_SPARE = 0.10, 3.0
PERIOD_S = 60.0
STABILISATION_S = 240.0
Memory = Mapping[str, Wishes]


def wva() -> Rule:
    return _rule


def _rule(load: Load, memory: Memory | None) -> tuple[Mapping[str, int], Memory]:
    known = memory or {each.name: Wishes() for each in load.variants}
    held = {each.name: each.replicas for each in load.variants}
    if load.arrived is None or not known[load.variants[0].name].due(load.now_s, PERIOD_S):
        return held, known
    wishes = {**held, **_change(load)}
    found = {
        each.name: stabilised(wishes[each.name], each, known[each.name], load.now_s, STABILISATION_S)
        for each in load.variants
    }
    return {name: wanted for name, (wanted, _) in found.items()}, {name: kept for name, (_, kept) in found.items()}


def _change(load: Load) -> dict[str, int]:
    """One more of the cheapest, one less of the dearest, or nothing."""
    by_cost = sorted(load.variants, key=lambda each: each.cost)
    if not _spare(load, sum(each.capacity * each.ready for each in by_cost)):
        return {each.name: each.replicas + 1 for each in _open(by_cost)[:1]}
    for each in reversed(by_cost):
        rest = sum(other.capacity * other.ready for other in by_cost) - each.capacity
        if each.replicas > each.min_replicas and each.ready and _spare(load, rest):
            return {each.name: each.replicas - 1}
    return {}


def _open(by_cost: list[VariantLoad]) -> list[VariantLoad]:
    """The variants that may have another replica, none of which is pending."""
    return [each for each in by_cost if not each.starting and each.replicas < each.max_replicas]


def _spare(load: Load, capacity: float) -> bool:
    """Whether replicas of this capacity together have enough to spare."""
    if capacity <= 0:
        return False
    kv = 1.0 if load.waiting > 0 else min(1.0, (load.arrived or 0.0) / (load.interval_s * capacity))
    queue = load.waiting / (capacity * SERVICE_S) * SLOTS
    return KV_THRESHOLD - kv >= KV_SPARE and QUEUE_THRESHOLD - queue >= QUEUE_SPARE
