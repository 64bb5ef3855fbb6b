"""The hardware file as pydantic models: its fields, and what stands in for one that is left out."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from orchestrator.adapters.described_gpus import unknown_gpu
from orchestrator.core.amounts import GIB
from orchestrator.core.gpu_spec import GpuSpec
from orchestrator.core.gpu_table import GpuTable

Gib = Annotated[float, Field(gt=0, le=2**20, allow_inf_nan=False)]
FreeGib = Annotated[float, Field(ge=0, le=2**30, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1024)]


class Entry(BaseModel):
    """A part of the file: no unknown fields, and no guessing at types."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _check_part(name: str, part_gib: float | None, whole_gib: float) -> None:
    """Refuse a part that is larger than its whole, in words that follow "expected"."""
    if part_gib is not None and part_gib > whole_gib:
        raise ValueError(f"{name} ({part_gib:g}) within memory_gib ({whole_gib:g})")


class HostEntry(Entry):
    """The machine; left out, it is a plain x86 server with 8 cores and 16 GiB."""

    hostname: str = "described"
    cpu_model: str = "unknown"
    cpu_cores: Count = 8
    memory_gib: Gib = 16.0
    memory_available_gib: FreeGib | None = None  # all of it
    disk_free_gib: FreeGib = 100.0
    instruction_sets: list[str] = ["sse4_2", "avx", "avx2", "f16c", "fma", "bmi2"]
    unified_memory: bool = False

    @model_validator(mode="after")
    def _available_is_part_of_total(self) -> HostEntry:
        """Available memory cannot exceed the memory."""
        _check_part("memory_available_gib", self.memory_available_gib, self.memory_gib)
        return self


class DriverEntry(Entry):
    """The NVIDIA driver; versions in quotes, so that YAML does not read 13.10 as 13.1."""

    driver_version: str | None = None
    cuda_version: str | None = Field(default=None, pattern=r"^\d+\.\d+$")


class MigEntry(Entry):
    """`count` equal slices of each GPU of an entry."""

    profile: str = Field(pattern=r"^(\d+c\.)?\d+g\.\d+gb(\+\S+)?$")
    memory_gib: Gib
    count: Count = 1


def _figures(spec: GpuSpec) -> dict[str, Any]:
    """A kind of GPU as fields of an entry."""
    capability = spec.compute_capability and "{}.{}".format(*spec.compute_capability)
    return {
        "name": spec.products[0],
        "memory_gib": spec.memory_bytes / GIB,
        "compute_capability": capability,
        "nvlink": spec.link_bytes_s is not None,
        "unified_memory": spec.unified_memory,
    }


class GpuEntry(Entry):
    """`count` equal GPUs; `nvlink` joins each of them to the others of its entry."""

    gpu: str | None = None  # a short name of the GPU table, which then says all that the entry does not
    name: str
    memory_gib: Gib
    memory_free_gib: FreeGib | None = None  # all of it
    count: Count = 1
    compute_capability: str | None = Field(default=None, pattern=r"^\d+\.\d+$")
    nvlink: bool = False
    unified_memory: bool = False  # its memory is the host's
    mig: list[MigEntry] = []

    @model_validator(mode="before")
    @classmethod
    def _the_table_fills_in(cls, entry: Any, info: ValidationInfo[GpuTable]) -> Any:
        """Put the table's figures under those of the entry; the validation's context is the table."""
        if not isinstance(entry, dict) or not isinstance(entry.get("gpu"), str):
            return entry
        spec = info.context.by_name(entry["gpu"])
        if spec is None:
            raise ValueError(f"gpu to be {unknown_gpu(info.context, entry['gpu'])}")
        return {**_figures(spec), **entry}

    @model_validator(mode="after")
    def _parts_are_within_the_whole(self) -> GpuEntry:
        """Free memory and MIG slices cannot exceed the GPU."""
        _check_part("memory_free_gib", self.memory_free_gib, self.memory_gib)
        slices_gib = sum(part.memory_gib * part.count for part in self.mig)
        _check_part("the sum of mig memory_gib", slices_gib, self.memory_gib)
        return self


class MachineEntry(Entry):
    """One kind of machine."""

    host: HostEntry = HostEntry()
    driver: DriverEntry = DriverEntry()
    gpus: list[GpuEntry] = []


class HostsEntry(MachineEntry):
    """`count` equal machines."""

    count: Annotated[int, Field(ge=1, le=100_000)] = 1


class HardwareFile(MachineEntry):
    """The whole file: one machine, or the kinds of machine of a site."""

    hosts: list[HostsEntry] = []

    @model_validator(mode="after")
    def _one_or_many(self) -> HardwareFile:
        """A machine of the file's own beside `hosts` would have no count."""
        if self.hosts and self.model_fields_set != {"hosts"}:
            raise ValueError("either hosts, or host, driver and gpus of one machine")
        return self
