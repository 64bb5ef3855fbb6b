"""GPUs and hosts that are described rather than probed: what a short name of the GPU table stands for."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.core.gpu_spec import GpuSpec
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.inventory import Gpu, MigInstance, NotAvailable

ONE_POOL = NotAvailable("shares the host's memory")


def described_gpu(
    spec: GpuSpec, index: int, peers: Iterable[int], slices: tuple[tuple[str, int], ...], not_stated: NotAvailable
) -> Gpu:
    """One GPU of a kind, all of its memory free; `slices` are MIG profiles with their bytes."""
    total = ONE_POOL if spec.unified_memory else spec.memory_bytes
    return Gpu(
        index=index,
        name=spec.products[0],
        uuid=f"described-{index}",
        pci_bus_id=pci_bus_id(index),
        memory_total_bytes=total,
        memory_used_bytes=ONE_POOL if spec.unified_memory else 0,
        memory_free_bytes=total,
        compute_capability=spec.compute_capability or NotAvailable("no CUDA"),
        utilization_percent=not_stated,
        temperature_c=not_stated,
        power_w=not_stated,
        power_limit_w=not_stated,
        ecc_enabled=not_stated,
        mig_enabled=bool(slices),
        mig_instances=tuple(
            MigInstance(f"described-{index}-mig-{number}", profile, size, size)
            for number, (profile, size) in enumerate(slices)
        ),
        nvlink_peers=tuple(map(pci_bus_id, peers)),
    )


def pci_bus_id(index: int) -> str:
    """A made-up id, so that NVLink peers can name each other."""
    return f"described:{index}"


def unknown_gpu(table: GpuTable, name: str) -> str:
    """What stands after "expected" for a name that the table lacks: near misses, or everything that is known."""
    near = table.near(name)
    if near:
        return f"a GPU of the table, got {name!r} (did you mean {' or '.join(near)}?)"
    return f"a GPU of the table, got {name!r}; known are {', '.join(table.specs)}"
