"""What hardware is here: the host and its GPUs as one `Inventory`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from orchestrator.adapters.gpu_probe import TIMEOUT_S, probe_gpus
from orchestrator.adapters.host import probe_host
from orchestrator.core.cuda_visible import with_hidden
from orchestrator.core.inventory import Gpu, Inventory, NotAvailable

UNIFIED_MEMORY_GPUS = ("GB10",)  # NVML tells no memory for these: they share the host's


def probe(disk_path: Path, timeout_s: float = TIMEOUT_S, environment: Mapping[str, str] = os.environ) -> Inventory:
    """Probe this machine; raises EnvironmentNotReady where its NVIDIA driver does not answer.

    GPUs that CUDA_VISIBLE_DEVICES of the environment hides are marked; Ray sets it for its own ends within a replica.
    """
    driver, gpus = probe_gpus(timeout_s)
    host = probe_host(disk_path)
    unified = host.unified_memory or any(_shares_host_memory(gpu) for gpu in gpus)
    return Inventory(replace(host, unified_memory=unified), driver, with_hidden(gpus, environment))


def _shares_host_memory(gpu: Gpu) -> bool:
    """Whether the GPU has no memory of its own, as in a DGX Spark."""
    known = any(name in str(gpu.name) for name in UNIFIED_MEMORY_GPUS)
    return known and isinstance(gpu.memory_total_bytes, NotAvailable)
