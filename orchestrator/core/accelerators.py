"""What a replica can be put on: whole GPUs, MIG slices, and the GPU that shares its host's memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from orchestrator.core.inventory import Gpu, Host, Inventory, MigInstance, NotAvailable
from orchestrator.core.mig import share

METAL_SHARE = 0.75  # macOS lets the GPU wire about 3/4 of the memory by default (recommendedMaxWorkingSetSize)
METAL_ONLY = "Metal: can be planned for, but qorch deploys llama.cpp's CPU build there"

DeviceId = int | str  # a GPU's index, or a slice as NVIDIA's container toolkit writes it: "0:1" is slice 1 of GPU 0


@dataclass(frozen=True)
class Accelerator:
    """One device of a plan; its rates are its kind's (`GpuSpec`) times its shares."""

    id: DeviceId
    gpu_index: int
    name: str
    uuid: str | None
    capability: tuple[int, int] | None  # None: Metal
    total_bytes: int
    free_bytes: int
    compute_share: float = 1.0
    bandwidth_share: float = 1.0
    mig_profile: str | None = None  # a slice takes no part in tensor parallelism
    host_memory: bool = False  # its bytes are the host's too, and count once
    note: str = ""
    pci_bus_id: str | None = None
    nvlink_peers: tuple[str, ...] = ()  # their PCI bus ids

    @property
    def kind(self) -> tuple[str, tuple[int, int], int, str]:
        """Replicas and tensor parallelism want equal devices."""
        return self.name, self.capability or (0, 0), self.total_bytes, self.mig_profile or ""

    @property
    def cuda_name(self) -> str:
        """How CUDA_VISIBLE_DEVICES names it, whatever else is visible."""
        return self.uuid or str(self.id)

    @property
    def full_name(self) -> str:
        """The GPU's product, and the slice's profile."""
        return f"{self.name} MIG {self.mig_profile}" if self.mig_profile else self.name


@lru_cache(maxsize=512)  # asked some hundred times a host, by each profile and step
def devices(inventory: Inventory) -> tuple[tuple[Accelerator, ...], tuple[str, ...]]:
    """The devices that a plan can use, and of each other one why not."""
    found = [one for gpu in inventory.gpus for one in _of_gpu(gpu, inventory.host)]
    if not inventory.gpus and _is_apple(inventory.host):
        found.append(_metal(inventory.host))
    usable = tuple(one for one in found if isinstance(one, Accelerator))
    return usable, tuple(one for one in found if isinstance(one, str))


def _of_gpu(gpu: Gpu, host: Host) -> Iterator[Accelerator | str]:
    """The GPU itself or its slices, or a reason."""
    capability = gpu.compute_capability
    if (unusable := gpu.error or gpu.hidden) is not None:
        yield f"GPU {gpu.index}: {unusable}"
    elif isinstance(capability, NotAvailable):
        yield f"GPU {gpu.index}: compute capability is not known: {capability.reason}"
    elif gpu.mig_enabled is not True:
        yield _whole(gpu, capability, host)
    elif not gpu.mig_instances:
        yield f"GPU {gpu.index}: MIG is on, and it has no slice"
    else:
        yield from (_slice(gpu, capability, number, part) for number, part in enumerate(gpu.mig_instances))


def _whole(gpu: Gpu, capability: tuple[int, int], host: Host) -> Accelerator | str:
    """A GPU with its own memory, or in unified memory with what the host has available."""
    total_bytes, free_bytes = gpu.memory_total_bytes, gpu.memory_free_bytes
    own = isinstance(total_bytes, int) and isinstance(free_bytes, int)
    if host.unified_memory and not own:
        total_bytes, free_bytes = host.memory_total_bytes, host.memory_available_bytes
    if isinstance(total_bytes, NotAvailable) or isinstance(free_bytes, NotAvailable):
        return f"GPU {gpu.index}: total or free memory is not known"
    note = "" if own else "one memory with the CPU: what either takes, the other lacks"
    return Accelerator(
        id=gpu.index,
        gpu_index=gpu.index,
        name=_name(gpu),
        uuid=_text(gpu.uuid),
        capability=capability,
        total_bytes=total_bytes,
        free_bytes=free_bytes,
        host_memory=not own,
        note=note,
        pci_bus_id=_text(gpu.pci_bus_id),
        nvlink_peers=gpu.nvlink_peers,
    )


def _slice(gpu: Gpu, capability: tuple[int, int], number: int, part: MigInstance) -> Accelerator | str:
    """One MIG slice, whose memory and SMs are its own."""
    total_bytes, free_bytes, whole_bytes = part.memory_total_bytes, part.memory_free_bytes, gpu.memory_total_bytes
    place = f"GPU {gpu.index}, slice {part.uuid}"
    if part.hidden is not None:
        return f"{place}: {part.hidden}"
    if not (isinstance(total_bytes, int) and isinstance(free_bytes, int) and isinstance(whole_bytes, int)):
        return f"{place}: its memory or its GPU's is not known"
    shares = share(part.profile, total_bytes, whole_bytes, capability)
    if shares is None:
        return f"{place}: its profile is {part.profile!r}, so its part of the GPU is not known"
    return Accelerator(
        id=f"{gpu.index}:{number}",
        gpu_index=gpu.index,
        name=_name(gpu),
        uuid=part.uuid,
        capability=capability,
        total_bytes=total_bytes,
        free_bytes=free_bytes,
        compute_share=shares.compute,
        bandwidth_share=shares.bandwidth,
        mig_profile=part.profile,
    )


def _metal(host: Host) -> Accelerator:
    """The GPU of an Apple chip, in the part of the memory that macOS lets it take."""
    budget_bytes = int(METAL_SHARE * host.memory_total_bytes)
    return Accelerator(
        id=0,
        gpu_index=0,
        name=host.cpu_model,
        uuid=None,
        capability=None,
        total_bytes=budget_bytes,
        free_bytes=min(budget_bytes, host.memory_available_bytes),
        host_memory=True,
        note=METAL_ONLY,
    )


def _is_apple(host: Host) -> bool:
    return host.unified_memory and host.cpu_model.startswith("Apple ")


def _name(gpu: Gpu) -> str:
    return gpu.name if isinstance(gpu.name, str) else "unnamed GPU"


def _text(reading: str | NotAvailable) -> str | None:
    return reading if isinstance(reading, str) else None
