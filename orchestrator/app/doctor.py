"""`qorch doctor`: each thing a fleet needs, what is there, and the command that mends it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from orchestrator.core.amounts import gib
from orchestrator.core.device import Device
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.gpu_holders import holders_text
from orchestrator.core.gpu_sets import device_count
from orchestrator.core.host_limits import HostLimits, open_files_finding, shared_memory_finding
from orchestrator.core.inventory import Gpu, Inventory, NotAvailable
from orchestrator.core.plan import Engines
from orchestrator.core.profile import EngineName
from orchestrator.core.vllm_cuda import build_finding

GIB = 2**30
LEAST_MEMORY_BYTES = 2 * GIB
LEAST_DISK_BYTES = 2 * GIB
INSTALL_AGAIN = "pip install qorch"
INSTALL_VLLM = "pip install 'qorch[gpu]', or QORCH_VLLM_PYTHON=PATH of a Python that has vLLM"


@dataclass(frozen=True)
class Check:
    """One finding; `needed` is what should be there. A check that is not `ok` and not `required` only warns."""

    name: str
    ok: bool
    found: str
    needed: str = ""
    hint: str | None = None
    required: bool = True


def host_checks(inventory: Inventory, cuda_major: int | None = None) -> tuple[Check, ...]:
    """What the machine itself must have; `cuda_major` is of the CUDA that the installed vLLM was built for."""
    host = inventory.host
    return (
        Check("cpu", True, f"{host.cpu_model}, {host.cpu_cores} cores"),
        _amount("memory", host.memory_available_bytes, LEAST_MEMORY_BYTES, "free -h"),
        _amount("disk", host.disk_free_bytes, LEAST_DISK_BYTES, "df -h"),
        *gpu_checks(inventory, cuda_major),
    )


def gpu_checks(inventory: Inventory, cuda_major: int | None) -> tuple[Check, ...]:
    """The driver and each GPU; no GPU is fine, a GPU that does not answer is not."""
    if inventory.driver.absent is not None:
        return (Check("gpu", True, inventory.driver.absent),)
    return (_driver_check(inventory, cuda_major), *map(_gpu_check, inventory.gpus))


def limit_checks(inventory: Inventory, limits: HostLimits) -> tuple[Check, ...]:
    """What engines on GPUs need of the host beside; a replica over several of them needs shared memory."""
    count = device_count(inventory)
    shared_memory = shared_memory_finding(limits) if count > 1 else None
    open_files = open_files_finding(limits) if count else None
    return tuple(
        Check(finding.subject, False, finding.there, finding.needed, finding.hint, required=False)
        for finding in (shared_memory, open_files)
        if finding
    )


def engine_checks(engines: Engines, has_gpu: bool) -> tuple[Check, ...]:
    """llama.cpp everywhere; vLLM where a GPU is, or where its CPU build was installed; Ollama where it is."""
    llama_cpp = engines[EngineName.LLAMA_CPP, Device.CPU]
    on_gpu, on_cpu = engines[EngineName.VLLM, Device.GPU], engines[EngineName.VLLM, Device.CPU]
    ok = on_gpu.on_disk or not has_gpu
    ollama = engines[EngineName.OLLAMA, Device.CPU]
    found = on_gpu.reason if has_gpu or on_cpu.on_disk else f"not needed without a GPU ({on_gpu.reason})"
    return (
        Check("engine llama.cpp", llama_cpp.on_disk, llama_cpp.reason, "installed", INSTALL_AGAIN),
        Check("engine vllm", ok, found, "a build for GPUs", INSTALL_VLLM, required=False),
        Check("engine ollama", True, ollama.reason if ollama.on_disk else f"not needed ({ollama.reason})"),
    )


def place_check(name: str, path: Path) -> Check:
    """Whether qorch may write where it keeps its `name`, which need not exist yet."""
    there = next(place for place in (path, *path.parents) if place.exists())
    ok = there.is_dir() and os.access(there, os.W_OK | os.X_OK)
    return Check(f"{name} folder", ok, str(path), needed="a folder that can be written", hint=f"ls -ld {there}")


def require_healthy(checks: tuple[Check, ...]) -> None:
    """Raises EnvironmentNotReady, which names every required thing that is missing."""
    missing = [check for check in checks if check.required and not check.ok]
    if missing:
        names = ", ".join(check.name for check in missing)
        raise EnvironmentNotReady(f"not as a fleet needs it: {names}", hint=missing[0].hint)


def _driver_check(inventory: Inventory, cuda_major: int | None) -> Check:
    driver = inventory.driver
    finding = build_finding(driver, cuda_major)
    if finding is None:
        found = f"version {_told(driver.driver_version)}, CUDA {_told(driver.cuda_version)}"
        return Check("driver", True, found, required=False)
    return Check("driver", False, finding.there, finding.needed, finding.hint, required=False)


def _gpu_check(gpu: Gpu) -> Check:
    found = gpu.error or gpu.hidden or f"{_told(gpu.name)}{_memory(gpu)}"
    return Check(f"gpu {gpu.index}", gpu.error is None, found, "a GPU that answers NVML", "nvidia-smi", required=False)


def _told(reading: str | NotAvailable) -> str:
    return reading if isinstance(reading, str) else f"not told ({reading.reason})"


def _memory(gpu: Gpu) -> str:
    """What is free, and who holds the rest where the driver tells."""
    free_bytes, total_bytes = gpu.memory_free_bytes, gpu.memory_total_bytes
    if not (isinstance(free_bytes, int) and isinstance(total_bytes, int)):
        return ""
    held = f": {holders_text(gpu.processes)}" if isinstance(gpu.processes, tuple) and gpu.processes else ""
    return f", {gib(free_bytes)} of {gib(total_bytes)} free{held}"


def _amount(name: str, there_bytes: int, least_bytes: int, hint: str) -> Check:
    return Check(
        name,
        there_bytes >= least_bytes,
        f"{there_bytes / GIB:.1f} GiB available",
        needed=f"at least {least_bytes / GIB:.0f} GiB",
        hint=hint,
    )
