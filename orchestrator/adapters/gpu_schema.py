"""A file of the GPU table as pydantic models; `python -m orchestrator.adapters.gpu_schema` prints its JSON schema."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import Field

from orchestrator.adapters.profile_schema import SCHEMA_DIALECT, Capability, Entry, Name, Positive, Text

Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class GpuKindEntry(Entry):
    """One kind of GPU; rates are peaks of the data sheet, dense: without sparsity."""

    name: Name
    """Short, as `--hardware` takes it, e.g. a100-80gb."""
    aliases: Annotated[list[Name], Field(default_factory=list)]
    """Other short names."""
    products: Annotated[list[Text], Field(min_length=1)]
    """As NVML names them, e.g. "NVIDIA A100-SXM4-80GB"."""
    memory_mib: Positive
    """The total that NVML reports."""
    compute_capability: Capability | None = None
    """In quotes, e.g. "8.0"; left out where there is no CUDA."""
    bandwidth_gb_s: Rate
    """Of its memory, in 10^9 bytes a second."""
    bf16_tflops: Rate
    """Float16 where there is no bfloat16."""
    fp8_tflops: Rate | None = None
    """Left out where there is no native float8."""
    link_gb_s: Rate | None = None
    """NVLink in one direction, of one GPU; left out where there is only PCIe, or where a bridge is optional."""
    unified_memory: bool = False
    """One memory with the CPU."""
    source: Text
    """The data sheet that says so."""


class GpuTableFile(Entry):
    """Kinds of GPU, e.g. of one generation."""

    gpus: Annotated[list[GpuKindEntry], Field(min_length=1)]


def gpu_table_schema() -> dict[str, Any]:
    """The JSON schema of a file of the GPU table, for editors and other tools."""
    return {"$schema": SCHEMA_DIALECT, **GpuTableFile.model_json_schema()}


if __name__ == "__main__":
    print(json.dumps(gpu_table_schema(), indent=2))
