"""What a plan that was written down says is to run, and why it cannot be this host that it was made for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from orchestrator.core.accelerators import DeviceId, devices
from orchestrator.core.amounts import gib
from orchestrator.core.device import Device
from orchestrator.core.inventory import Gpu, Inventory, NotAvailable
from orchestrator.core.lora import Lora
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.wish import Wish

API_VERSION = "qorch.dev/v1alpha1"
KIND = "FitPlan"
NOT_NAMED = NotAvailable("not named by the plan")
SAME_MEMORY = 0.95  # of what was described: firmware and the kernel keep a little of the modules' size


@dataclass(frozen=True)
class PlannedHost:
    """The host that the replicas were planned for."""

    described: bool  # rather than probed
    cpu_cores: int
    memory_total_bytes: int


@dataclass(frozen=True)
class Planned:
    """Equal replicas on equal hosts."""

    profile: str
    device: Device
    device_name: str  # of each of its devices
    gpu_sets: tuple[tuple[DeviceId, ...], ...]  # one a replica of a host; empty sets: the CPU
    num_hosts: int
    tensor_parallel_size: int
    max_model_len: int
    max_num_seqs: int
    host: PlannedHost
    host_group: int = 0  # of the plan's
    loras: tuple[Lora, ...] = ()
    num_speculative_tokens: int = 0
    bounds: ReplicaBounds | None = None  # of all that the plan places

    @property
    def gpu_indices(self) -> frozenset[DeviceId]:
        return frozenset(index for gpus in self.gpu_sets for index in gpus)

    @property
    def wish(self) -> Wish:
        """Exactly this, with nothing left open."""
        return Wish(
            profile=self.profile,
            max_model_len=self.max_model_len,
            max_num_seqs=self.max_num_seqs,
            num_replicas=len(self.gpu_sets),
            tensor_parallel_size=self.tensor_parallel_size,
            loras=self.loras,
            num_speculative_tokens=self.num_speculative_tokens,
        )


def beyond_one_host(planned: tuple[Planned, ...]) -> str | None:
    """Why all of it cannot be on one host, as far as the plan itself tells."""
    return next(_beyond_one_host(planned), None)


def _beyond_one_host(planned: tuple[Planned, ...]) -> Iterator[str]:
    if (kinds := len({each.host_group for each in planned})) > 1:
        yield f"it is for hosts of {kinds} kinds"
    for each in planned:
        if each.num_hosts > 1:
            yield f"{each.profile} is for {each.num_hosts} hosts"
        if each.device is Device.CPU and len(planned) > 1:
            yield f"{each.profile} is for the CPU of a host that runs nothing else"
    uses = Counter(index for each in planned for index in each.gpu_indices)
    for index, count in sorted(uses.items(), key=str):
        if count > 1:
            yield f"GPU {index} is in {count} placements, which are for as many hosts"


def mismatch(planned: Planned, inventory: Inventory) -> str | None:
    """Why this host is not the one that was planned for; what is free on it is not looked at."""
    if planned.device is Device.GPU:
        return _gpu_mismatch(planned, inventory)
    host, here = planned.host, inventory.host
    smaller = here.cpu_cores < host.cpu_cores or here.memory_total_bytes < SAME_MEMORY * host.memory_total_bytes
    if host.described and smaller:
        return (
            f"it was made for a described host with {host.cpu_cores} cores and {gib(host.memory_total_bytes)}, "
            f"this one has {here.cpu_cores} cores and {gib(here.memory_total_bytes)}"
        )
    return None


def only_planned(planned: Planned, inventory: Inventory) -> Inventory:
    """The host with the GPUs and slices that the plan names, each under its own index."""
    named = planned.gpu_indices
    of_gpus = {str(name).partition(":")[0] for name in named}
    return replace(inventory, gpus=tuple(_named(gpu, named) for gpu in inventory.gpus if str(gpu.index) in of_gpus))


def _named(gpu: Gpu, named: frozenset[DeviceId]) -> Gpu:
    """Slices that are not named cannot be used, and keep their numbers."""
    parts = (
        part if f"{gpu.index}:{number}" in named else replace(part, memory_free_bytes=NOT_NAMED)
        for number, part in enumerate(gpu.mig_instances)
    )
    return replace(gpu, mig_instances=tuple(parts))


def _gpu_mismatch(planned: Planned, inventory: Inventory) -> str | None:
    here = {one.id: one.full_name for one in devices(inventory)[0]}
    for index in sorted(planned.gpu_indices, key=str):
        if index not in here:
            there = f"GPU {', '.join(map(str, here))}" if here else "no GPU that answers"
            return f"it uses {planned.device_name} as GPU {index}, and this host has {there}"
        if here[index] != planned.device_name:
            return f"it was made for {planned.device_name} as GPU {index}, which here is {here[index]}"
    return None
