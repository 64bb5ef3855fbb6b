"""NVIDIA's name for a MIG slice, worked out from its size where the driver does not tell the name."""

from __future__ import annotations

import math

MEMORY_SLICES = 8  # a GPU's memory is cut into eighths
GIB = 1024**3
MIB = 1024**2


def mig_profile(gpu_slices: int, compute_slices: int, memory_mib: int, gpu_memory_bytes: int) -> str:
    """`1g.10gb`, or `1c.3g.40gb` for a part of a GPU instance, as NVIDIA's MIG user guide names devices.

    The memory part is the slice's eighths of the GPU's nominal GiB, not the MiB that overhead leaves.
    """
    eighths = math.ceil(memory_mib * MIB / gpu_memory_bytes * MEMORY_SLICES)
    nominal_gib = math.ceil(gpu_memory_bytes / GIB)
    compute = "" if compute_slices == gpu_slices else f"{compute_slices}c."
    return f"{compute}{gpu_slices}g.{round(eighths * nominal_gib / MEMORY_SLICES)}gb"
