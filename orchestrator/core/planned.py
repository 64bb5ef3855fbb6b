"""What a plan that was written down says is to run, and why it cannot be this host that it was made for."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.amounts import gib
from orchestrator.core.inventory import Gpu, Inventory
from orchestrator.core.plan import Device, Wish

API_VERSION = "qorch.dev/v1alpha1"
KIND = "FitPlan"
SAME_MEMORY = 0.95  # of what was described: firmware and the kernel keep a little of the modules' size


@dataclass(frozen=True)
class PlannedHost:
    """The host that the replicas were planned for."""

    described: bool  # rather than probed
    cpu_cores: int
    memory_total_bytes: int
    gpu_names: tuple[tuple[int, str], ...]  # by GPU index


@dataclass(frozen=True)
class Planned:
    """Equal replicas on equal hosts."""

    profile: str
    device: Device
    device_name: str
    gpu_sets: tuple[tuple[int, ...], ...]  # one a replica of a host; empty sets: the CPU
    num_hosts: int
    tensor_parallel_size: int
    max_model_len: int
    max_num_seqs: int
    host: PlannedHost

    @property
    def gpu_indices(self) -> tuple[int, ...]:
        return tuple(sorted(index for gpus in self.gpu_sets for index in gpus))

    @property
    def wish(self) -> Wish:
        """Exactly this, with nothing left open."""
        return Wish(
            profile=self.profile,
            max_model_len=self.max_model_len,
            max_num_seqs=self.max_num_seqs,
            num_replicas=len(self.gpu_sets),
            tensor_parallel_size=self.tensor_parallel_size,
        )


def mismatch(planned: Planned, inventory: Inventory) -> str | None:
    """Why this host is not the one that was planned for; what is free on it is not looked at."""
    if planned.device is Device.GPU:
        return next((why for index in planned.gpu_indices if (why := _gpu(planned, index, inventory))), None)
    host, here = planned.host, inventory.host
    smaller = here.cpu_cores < host.cpu_cores or here.memory_total_bytes < SAME_MEMORY * host.memory_total_bytes
    if host.described and smaller:
        return (
            f"it was made for a described host with {host.cpu_cores} cores and {gib(host.memory_total_bytes)}, "
            f"this one has {here.cpu_cores} cores and {gib(here.memory_total_bytes)}"
        )
    return None


def _gpu(planned: Planned, index: int, inventory: Inventory) -> str | None:
    wanted = dict(planned.host.gpu_names).get(index) or planned.device_name
    found = next((gpu for gpu in inventory.working_gpus if gpu.index == index), None)
    if found is None:
        return f"it uses {wanted} as GPU {index}, and this host has {_gpus(inventory.working_gpus)}"
    if found.name != wanted:
        return f"it was made for {wanted} as GPU {index}, which here is {found.name}"
    return None


def _gpus(gpus: tuple[Gpu, ...]) -> str:
    return "GPU " + ", ".join(str(gpu.index) for gpu in gpus) if gpus else "no GPU that answers"
