"""The machine that this process runs on: what it may use of the CPU, the memory and the disk."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import psutil

from orchestrator.adapters.cgroup import MemoryLimit, cpu_quota_cores, memory_limits
from orchestrator.core.inventory import Host

PROC = Path("/proc")
SYS = Path("/sys")
KIB = 1024

INSTRUCTION_SETS = (
    *("sse4_2", "avx", "avx2", "f16c", "fma", "bmi2", "avx_vnni"),
    *("avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_tile"),
    *("neon", "dotprod", "i8mm", "sve"),
)  # those that llama.cpp has kernels for
ARM_NAMES = {"asimd": "neon", "asimddp": "dotprod"}  # 64-bit Arm kernels' flag -> the name above


def probe_host(disk_path: Path, proc: Path = PROC, sys: Path = SYS) -> Host:
    """The host as this process may use it; `disk_path` is where weights will go and need not exist yet."""
    cpuinfo = _fields(proc / "cpuinfo")
    memory = usable_memory(proc, sys)
    return Host(
        hostname=platform.node(),
        cpu_model=cpuinfo.get("model name", platform.machine()),
        cpu_cores=_cpu_cores(proc, sys),
        instruction_sets=_instruction_sets(cpuinfo),
        memory_total_bytes=memory.total_bytes,
        memory_available_bytes=memory.available_bytes,
        disk_free_bytes=psutil.disk_usage(str(_nearest_existing(disk_path))).free,
        unified_memory=platform.system() == "Darwin" and platform.machine() == "arm64",
    )


def _instruction_sets(cpuinfo: dict[str, str]) -> tuple[str, ...]:
    """The sets that the first CPU has; x86 kernels call the field `flags`, Arm kernels `Features`."""
    flags = (cpuinfo.get("flags") or cpuinfo.get("Features") or "").split()
    names = {ARM_NAMES.get(flag, flag) for flag in flags}
    return tuple(name for name in INSTRUCTION_SETS if name in names)


def _cpu_cores(proc: Path, sys: Path) -> int:
    """CPUs that the scheduler grants, by affinity and by quota; a part of a core is not counted on."""
    allowed = _fields(proc / "self/status").get("Cpus_allowed_list")
    cores = _cpu_count(allowed) if allowed else os.cpu_count() or 1
    quota_cores = cpu_quota_cores(proc, sys)
    return cores if quota_cores is None else max(1, min(cores, int(quota_cores)))


def _cpu_count(cpu_list: str) -> int:
    """How many CPUs a kernel list such as `0-3,8` names."""
    bounds = (part.split("-") for part in cpu_list.split(","))
    return sum(int(bound[-1]) - int(bound[0]) + 1 for bound in bounds)


def usable_memory(proc: Path = PROC, sys: Path = SYS) -> MemoryLimit:
    """The machine's memory, or the tightest control group's where that is less."""
    limits = (_machine_memory(proc), *memory_limits(proc, sys))
    return MemoryLimit(
        total_bytes=min(limit.total_bytes for limit in limits),
        available_bytes=min(limit.available_bytes for limit in limits),
    )


def _machine_memory(proc: Path) -> MemoryLimit:
    """Total and available memory; psutil answers where there is no /proc, as on macOS."""
    meminfo = _fields(proc / "meminfo")
    if not meminfo:
        memory = psutil.virtual_memory()
        return MemoryLimit(memory.total, memory.available)
    available = meminfo.get("MemAvailable", meminfo["MemFree"])  # kernels before 3.14 lack the first
    return MemoryLimit(_kib_to_bytes(meminfo["MemTotal"]), _kib_to_bytes(available))


def _kib_to_bytes(amount: str) -> int:
    """`16384 kB`, as the kernel writes KiB."""
    return int(amount.split(maxsplit=1)[0]) * KIB


def _fields(path: Path) -> dict[str, str]:
    """The `key : value` lines up to the first empty one; none where there is no such file."""
    try:
        lines = path.read_text().split("\n\n", 1)[0].splitlines()
    except OSError:
        return {}
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _nearest_existing(path: Path) -> Path:
    """The path itself, or the closest parent that is there already."""
    return next(place for place in (path.absolute(), *path.absolute().parents) if os.path.exists(place))
