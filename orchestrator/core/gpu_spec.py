"""What a kind of GPU can do: from a data sheet (`profiles/gpus/*.yaml`), or estimated from what NVML tells."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class GpuSpec:
    """One kind of GPU; rates are peaks of the data sheet, without sparsity."""

    name: str  # short, as `--hardware` takes it, e.g. "a100-80gb"
    products: tuple[str, ...]  # as NVML names them, e.g. "NVIDIA A100-SXM4-80GB"
    memory_bytes: int  # as NVML reports the total
    compute_capability: tuple[int, int] | None  # None: no CUDA (Apple)
    bandwidth_bytes_s: float  # of its memory
    bf16_flops: float  # dense; float16 where there is no bfloat16
    fp8_flops: float | None  # dense; None where it has no native FP8
    link_bytes_s: float | None  # NVLink, one direction, of one GPU; None: PCIe only
    unified_memory: bool  # one memory with the CPU (GB10, Apple)
    source: str  # the data sheet, or how it was estimated
    estimated: bool = False
