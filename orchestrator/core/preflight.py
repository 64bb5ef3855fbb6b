"""Whether one replica's devices and host are as its engine needs them, looked at just before it starts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.core.accelerators import Accelerator, devices
from orchestrator.core.amounts import gib
from orchestrator.core.finding import Finding
from orchestrator.core.gpu_holders import holders_hint, holders_text, processes_on
from orchestrator.core.host_limits import HostLimits, open_files_finding, shared_memory_finding
from orchestrator.core.inventory import Inventory
from orchestrator.core.vllm_cuda import build_finding
from orchestrator.core.vllm_devices import dotted


@dataclass(frozen=True)
class Demand:
    """What an engine asks of each of its devices."""

    free_bytes: int = 0  # what the plan counts on
    gpu_memory_utilization: float = 0.0  # vLLM refuses to start unless this share of all memory is free
    min_compute_capability: tuple[int, int] = (0, 0)
    cuda_major: int | None = None  # of the engine's build, where it is known

    def of(self, total_bytes: int) -> int:
        """The bytes that must be free (vLLM 0.33.0, v1/worker/utils.py, `request_memory`)."""
        return max(self.free_bytes, math.ceil(self.gpu_memory_utilization * total_bytes))


def preflight(inventory: Inventory, uuids: Sequence[str], demand: Demand, limits: HostLimits) -> tuple[Finding, ...]:
    """What is amiss with the devices of one replica and with its host, the worst first; nothing where all is well."""
    found = [*_of_driver(inventory, demand), *device_findings(inventory, uuids, demand), *_of_host(limits, len(uuids))]
    return tuple(sorted(found, key=lambda finding: not finding.fatal))


def device_findings(inventory: Inventory, uuids: Sequence[str], demand: Demand) -> Iterator[Finding]:
    """What is amiss with the devices themselves."""
    usable, refusals = devices(inventory)
    by_name = {one.cuda_name: one for one in usable}
    for uuid in uuids:
        if uuid in by_name:
            yield from _of_device(by_name[uuid], inventory, demand)
        else:
            there = "; ".join(refusals) or "no device of this host has that UUID"
            yield Finding(uuid, "a GPU that answers", there, "nvidia-smi -L")


def _of_driver(inventory: Inventory, demand: Demand) -> Iterator[Finding]:
    driver = inventory.driver
    if driver.absent is not None:
        yield Finding("driver", "an NVIDIA driver", driver.absent, "nvidia-smi")
    elif (finding := build_finding(driver, demand.cuda_major)) is not None:
        yield finding


def _of_device(one: Accelerator, inventory: Inventory, demand: Demand) -> Iterator[Finding]:
    subject, needed = f"GPU {one.id}", demand.min_compute_capability
    if one.capability is None or one.capability < needed:
        there = "Metal" if one.capability is None else dotted(one.capability)
        yield Finding(subject, f"compute capability {dotted(needed)}", there, "qorch plan")
    if one.free_bytes < demand.of(one.total_bytes):
        processes = processes_on(one.cuda_name, inventory)
        there = f"{gib(one.free_bytes)} of {gib(one.total_bytes)} free: {holders_text(processes)}"
        yield Finding(subject, f"{gib(demand.of(one.total_bytes))} free", there, holders_hint(processes))


def _of_host(limits: HostLimits, num_gpus: int) -> Iterator[Finding]:
    shared_memory = shared_memory_finding(limits) if num_gpus > 1 else None
    yield from (finding for finding in (shared_memory, open_files_finding(limits)) if finding)
