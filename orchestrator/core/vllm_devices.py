"""The devices that can run a profile's kernels in vLLM, and what it may take of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.core.accelerators import Accelerator, DeviceId, devices
from orchestrator.core.amounts import gib
from orchestrator.core.host_memory import reserve_bytes
from orchestrator.core.inventory import GpuDriver, Inventory
from orchestrator.core.nvlink import sets_of
from orchestrator.core.plan import Fit
from orchestrator.core.profile import Profile
from orchestrator.core.vllm_cuda import driver_refusal
from orchestrator.core.vllm_memory import GPU_MEMORY_UTILIZATION

LEAST_CAPABILITY = (7, 5)  # the oldest that the wheels of vLLM 0.33.0 are compiled for


@dataclass(frozen=True)
class VllmDevice:
    """A device, and what of its memory is free for one engine."""

    accelerator: Accelerator
    capability: tuple[int, int]
    free_bytes: int  # on unified memory less what the fleet and the system need
    free_why: str
    driver: GpuDriver

    @property
    def id(self) -> DeviceId:
        return self.accelerator.id

    @property
    def available_bytes(self) -> int:
        """vLLM takes a share of all memory, and refuses to start where that much is not free."""
        return min(int(GPU_MEMORY_UTILIZATION * self.accelerator.total_bytes), self.free_bytes)

    @property
    def available_why(self) -> str:
        total = gib(self.accelerator.total_bytes)
        return f"the lesser of {GPU_MEMORY_UTILIZATION:.0%} of {total} and {self.free_why}"


def vllm_devices(inventory: Inventory, profile: Profile) -> tuple[tuple[VllmDevice, ...], tuple[str, ...]]:
    """Those that can run the profile, and why the others cannot."""
    found, refusals = devices(inventory)
    if found and (too_old := driver_refusal(inventory.driver)):
        return (), (too_old, *refusals)
    seen = [_usable(one, inventory, profile) for one in found]
    usable = tuple(answer for answer in seen if isinstance(answer, VllmDevice))
    return usable, (*refusals, *(answer for answer in seen if isinstance(answer, str)))


def least_capability(profile: Profile) -> tuple[int, int]:
    """The compute capability from which vLLM has kernels for the profile."""
    return max(profile.min_compute_capability or LEAST_CAPABILITY, LEAST_CAPABILITY)


def device_sets(fit: Fit, inventory: Inventory, taken: frozenset[DeviceId]) -> Iterator[tuple[DeviceId, ...]]:
    """The devices of as many replicas as a host has room for beside those taken, the fit's own ones first."""
    found, _ = vllm_devices(inventory, fit.profile)
    kind = next((one.accelerator.kind for one in found if one.id == fit.gpu_indices[0]), None)
    free = [one for one in found if one.accelerator.kind == kind and _has_room(one, fit) and one.id not in taken]
    own = [one for one in free if one.id in fit.gpu_indices]
    others = [one for one in free if one.id not in fit.gpu_indices]
    size = len(fit.gpu_indices)
    sets = [own, *in_sets(others, size)] if len(own) == size else in_sets([*own, *others], size)
    for each in sets:
        names = {one.id for one in each}
        yield tuple(one.id for one in free if one.id in names)


def in_sets(found: Sequence[VllmDevice], size: int) -> list[Sequence[VllmDevice]]:
    """Devices for as many replicas, linked ones together, the better devices first."""
    by_id = {one.id: one for one in found}
    return [[by_id[one.id] for one in each] for each in sets_of([one.accelerator for one in found], size)]


def _has_room(one: VllmDevice, fit: Fit) -> bool:
    return one.available_bytes >= fit.memory.needed_bytes


def _usable(one: Accelerator, inventory: Inventory, profile: Profile) -> VllmDevice | str:
    """The device with what is free on it, or why it cannot run the profile."""
    needed = least_capability(profile)
    if one.capability is None:
        return f"{one.name}: vLLM needs CUDA, and this GPU has Metal"
    if one.capability < needed:
        return f"GPU {one.id}: compute capability {dotted(one.capability)}, {profile.precision} needs {dotted(needed)}"
    if not one.host_memory:
        return VllmDevice(one, one.capability, one.free_bytes, f"{gib(one.free_bytes)} free", inventory.driver)
    reserve = reserve_bytes(inventory.host)
    why = f"{gib(one.free_bytes)} available to CPU and GPU, less {gib(reserve)} for the fleet and the system"
    return VllmDevice(one, one.capability, max(0, one.free_bytes - reserve), why, inventory.driver)


def dotted(capability: tuple[int, int]) -> str:
    return f"{capability[0]}.{capability[1]}"
