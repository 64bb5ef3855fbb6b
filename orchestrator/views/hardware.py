"""Hosts and GPUs in lines for people."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from orchestrator.core.device import Device
from orchestrator.core.inventory import Gpu, Host, HostGroup, NotAvailable
from orchestrator.core.plan import Fit
from orchestrator.views.units import size_text


def hardware_lines(group: HostGroup) -> Iterator[str]:
    """One line for the host and one for equal GPUs, or why there is none."""
    inventory = group.inventory
    yield f"Hardware ({inventory.source})" + (f", {group.count:,} hosts, each" if group.count > 1 else "")
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


def _gpu_line(gpu: Gpu) -> str:
    if gpu.error or gpu.hidden:
        return gpu.error or gpu.hidden or ""
    free, total = _size(gpu.memory_free_bytes), _size(gpu.memory_total_bytes)
    return f"{_reading(gpu.name)}, {free} of {total} free, compute capability {_capability(gpu)}"


def _size(reading: int | NotAvailable) -> str:
    return size_text(reading) if isinstance(reading, int) else "not available"


def _reading(reading: str | NotAvailable) -> str:
    return reading if isinstance(reading, str) else "unnamed GPU"


def _capability(gpu: Gpu) -> str:
    reading = gpu.compute_capability
    return "not available" if isinstance(reading, NotAvailable) else ".".join(map(str, reading))
