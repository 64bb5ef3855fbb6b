"""Hosts and GPUs in lines for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from orchestrator.core.cluster.node import ZONE
from orchestrator.core.device import Device
from orchestrator.core.inventory import Gpu, Host, HostGroup, NodePool, NotAvailable
from orchestrator.core.plan import Fit
from orchestrator.views.units import size_text

NAMED = 3  # nodes of a pool


def hardware_lines(group: HostGroup) -> Iterator[str]:
    """One line for the host and one for equal GPUs, or why there is none."""
    inventory = group.inventory
    yield f"Hardware ({inventory.source})" + (f", {group.count:,} hosts, each" if group.count > 1 else "")
    if group.pool is not None:
        yield f"  Nodes  {_pool_line(group.pool)}"
    yield f"  CPU    {_host_line(inventory.host)}"
    for line, gpus in groupby(inventory.gpus, key=_gpu_line):
        first, *others = [gpu.index for gpu in gpus]
        yield f"  GPU {first}-{others[-1]}  {line}, each" if others else f"  GPU {first}  {line}"
    if not inventory.gpus:
        yield f"  {inventory.driver.absent or 'no GPU'}"


def devices_text(fit: Fit) -> str:
    """What one replica runs on, e.g. "2 x NVIDIA A100-SXM4-80GB"."""
    return "the CPU" if fit.device is Device.CPU else f"{len(fit.gpu_indices)} x {fit.device_name or 'GPU'}"


def _host_line(host: Host) -> str:
    memory = f"{size_text(host.memory_available_bytes)} of {size_text(host.memory_total_bytes)} memory available"
    return f"{host.cpu_model}, {host.cpu_cores} cores, {memory}, {size_text(host.disk_free_bytes)} disk free"


def _pool_line(pool: NodePool) -> str:
    """A few names, and where they are."""
    names = ", ".join(pool.nodes[:NAMED]) + (", …" if len(pool.nodes) > NAMED else "")
    return ", ".join((names, *(f"zone {value}" for name, value in pool.labels if name == ZONE)))


def _gpu_line(gpu: Gpu) -> str:
    if gpu.error or gpu.hidden:
        return gpu.error or gpu.hidden or ""
    free, total = _size(gpu.memory_free_bytes), _size(gpu.memory_total_bytes)
    room = _slices(gpu) if gpu.mig_instances else f"{free} of {total} free"
    return f"{_reading(gpu.name)}, {room}, compute capability {_capability(gpu)}"


def _slices(gpu: Gpu) -> str:
    """Those that a plan can use, by profile."""
    usable = Counter(part.profile for part in gpu.mig_instances if part.hidden is None)
    free = ", ".join(f"{count} x MIG {profile}" for profile, count in usable.items()) or "no MIG slice"
    left_out = len(gpu.mig_instances) - usable.total()
    return f"{free} free" + (f", {left_out} left out" if left_out else "")


def _size(reading: int | NotAvailable) -> str:
    return size_text(reading) if isinstance(reading, int) else "not available"


def _reading(reading: str | NotAvailable) -> str:
    return reading if isinstance(reading, str) else "unnamed GPU"


def _capability(gpu: Gpu) -> str:
    reading = gpu.compute_capability
    return "not available" if isinstance(reading, NotAvailable) else ".".join(map(str, reading))
