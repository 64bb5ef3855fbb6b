"""Whether what used a GPU has really given its memory back: a driver goes on freeing after a process has ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from orchestrator.core.accelerators import Accelerator, devices
from orchestrator.core.amounts import GIB, MIB, gib
from orchestrator.core.finding import Finding
from orchestrator.core.inventory import Inventory
from orchestrator.core.preflight import Demand, device_findings

IDLE_BYTES = 1 * GIB  # a driver keeps less than this for itself, so nobody else's memory is left to be freed
# vLLM takes its pool for what is free less what it used itself, and fails where others free memory meanwhile
# (0.33.0, v1/worker/gpu_worker.py, "Error in memory profiling"); far less than any model's weights does no harm.
SETTLED_BYTES = 64 * MIB


def not_released(before: Inventory | None, now: Inventory, uuids: Sequence[str], demand: Demand) -> tuple[Finding, ...]:
    """Why an engine must not start on these devices yet, by two looks at them; nothing where it may."""
    memory_only = Demand(demand.free_bytes, demand.gpu_memory_utilization)
    return tuple(device_findings(now, uuids, memory_only)) or tuple(_unsettled(before, now, uuids))


def _unsettled(before: Inventory | None, now: Inventory, uuids: Sequence[str]) -> Iterator[Finding]:
    """Devices whose free memory grows; one that is idle has nothing left to free."""
    earlier = {one.cuda_name: one for one in devices(before)[0]} if before else {}
    for one in devices(now)[0]:
        if one.cuda_name in uuids and not _idle(one) and not _steady(earlier.get(one.cuda_name), one):
            there = f"still being freed, {gib(one.free_bytes)} of {gib(one.total_bytes)} so far"
            yield Finding(f"GPU {one.id}", "memory that stays as it is", there, "nvidia-smi")


def _idle(one: Accelerator) -> bool:
    return one.total_bytes - one.free_bytes <= IDLE_BYTES


def _steady(before: Accelerator | None, now: Accelerator) -> bool:
    return before is not None and now.free_bytes - before.free_bytes <= SETTLED_BYTES
