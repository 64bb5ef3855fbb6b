"""How many replicas a host has room for in all, beyond those that a plan starts with."""

from __future__ import annotations

from orchestrator.core.amounts import gib
from orchestrator.core.device import Device
from orchestrator.core.engine_settings import memory_of_another_replica
from orchestrator.core.host_memory import usable_bytes
from orchestrator.core.plan import FitPlan, Placement
from orchestrator.core.planned_deployment import device_sets, predicted


def most_replicas(plan: FitPlan) -> tuple[int, str]:
    """Of all placements on one host, and what bounds them."""
    counts = [_most(plan, placement) for placement in plan.placements]
    return sum(counts), "; ".join(dict.fromkeys(_why(plan, placement) for placement in plan.placements))


def _most(plan: FitPlan, placement: Placement) -> int:
    fit = placement.fit
    if fit.device is not Device.CPU:
        return len(device_sets(plan, placement))
    each = memory_of_another_replica(fit)
    taken = predicted(fit).memory_bytes + (placement.num_replicas - 1) * each
    return placement.num_replicas + max(0, usable_bytes(plan.inventory.host) - taken) // each


def _why(plan: FitPlan, placement: Placement) -> str:
    if placement.fit.device is not Device.CPU:
        return "each takes GPUs of its own"
    each = gib(memory_of_another_replica(placement.fit))
    return f"each further one takes {each}, and {gib(usable_bytes(plan.inventory.host))} are usable"
