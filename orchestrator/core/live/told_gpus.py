"""The GPUs that a replica reads itself, as it tells of them: of a `Gpu` what is watched, in few bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from orchestrator.core.inventory import Gpu, NotAvailable
from orchestrator.core.live.plain import codec
from orchestrator.core.live.snapshot import GpuRow

T = TypeVar("T")
NOT_TOLD = NotAvailable("not told by the replica")


@dataclass(frozen=True, slots=True)
class ToldGpus:
    """None where the replica has none, or where who watches its host reads them."""

    gpus: tuple[GpuRow, ...] = ()  # a slice is one too
    error: str | None = None  # why they are not as they are now


NO_GPUS = ToldGpus()
TOLD_GPUS = codec(ToldGpus)  # as they cross processes


def gpu_of(row: GpuRow) -> Gpu:
    """The GPU that a replica tells of; what only a plan needs is not told."""
    return Gpu(
        index=row.index,
        name=row.name,
        uuid=row.uuid or NOT_TOLD,
        pci_bus_id=NOT_TOLD,
        memory_total_bytes=_told(row.memory_total_bytes),
        memory_used_bytes=_told(row.memory_used_bytes),
        memory_free_bytes=NOT_TOLD,
        compute_capability=NOT_TOLD,
        utilization_percent=_whole(row.utilization_percent),
        temperature_c=_whole(row.temperature_c),
        power_w=_told(row.power_w),
        power_limit_w=_told(row.power_limit_w),
        ecc_enabled=NOT_TOLD,
        mig_enabled=NOT_TOLD,
        error=row.error or None,
        throttled=row.throttled,
    )


def _told(value: T | None) -> T | NotAvailable:
    return NOT_TOLD if value is None else value


def _whole(value: float | None) -> int | NotAvailable:
    return NOT_TOLD if value is None else round(value)
