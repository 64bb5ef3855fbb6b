"""GPUs that a probe found on a node, less those that its pods have by now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from orchestrator.core.cluster.gpus import REQUESTED
from orchestrator.core.inventory import Gpu


def probed_gpus(gpus: Sequence[Gpu], requested: int) -> tuple[Gpu, ...]:
    """As many as pods requested are hidden: those of which the most memory was used."""
    fullest = sorted(gpus, key=lambda gpu: -_used_bytes(gpu))
    taken = {gpu.index for gpu in fullest[:requested]}
    return tuple(replace(gpu, hidden=REQUESTED) if gpu.index in taken else gpu for gpu in gpus)


def _used_bytes(gpu: Gpu) -> int:
    return gpu.memory_used_bytes if isinstance(gpu.memory_used_bytes, int) else 0
