"""What the host must allow an engine on GPUs beside their memory."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.amounts import GIB, MIB, gib
from orchestrator.core.finding import Finding

# Two processes of a replica share a queue of 10 pieces of 24 MiB: vLLM 0.33.0, distributed/device_communicators/
# shm_broadcast.py, `MessageQueue`; `check_shm_free_space` there refuses to start where that much is not free.
LEAST_SHM_BYTES = 240 * MIB
# NCCL user guide, troubleshooting, "Shared memory": `docker run --shm-size=1g`.
ENOUGH_SHM_BYTES = 1 * GIB
# vLLM 0.33.0, utils/system_utils.py, `set_ulimit`: raises its soft limit to this, and warns where it may not.
ENOUGH_OPEN_FILES = 65535


@dataclass(frozen=True)
class HostLimits:
    """As this process has them, and its children after it; None is without bound."""

    shm_free_bytes: int | None
    open_files: int | None  # the hard limit, up to which a process may raise its own


def shared_memory_finding(limits: HostLimits) -> Finding | None:
    """What is wrong with /dev/shm for a replica over several GPUs, or None."""
    free_bytes = limits.shm_free_bytes
    if free_bytes is None or free_bytes >= ENOUGH_SHM_BYTES:
        return None
    fatal = free_bytes < LEAST_SHM_BYTES
    needed = f"{gib(LEAST_SHM_BYTES)} free for vLLM" if fatal else f"{gib(ENOUGH_SHM_BYTES)} free, as NCCL advises"
    hint = "docker run --shm-size=1g, or: mount -o remount,size=2G /dev/shm"
    return Finding("/dev/shm", needed, f"{gib(free_bytes)} free", hint, fatal)


def open_files_finding(limits: HostLimits) -> Finding | None:
    """Whether an engine may open as many files and connections as vLLM asks for."""
    if limits.open_files is None or limits.open_files >= ENOUGH_OPEN_FILES:
        return None
    hint = f"ulimit -n {ENOUGH_OPEN_FILES}, or LimitNOFILE= of the service"
    return Finding("open files", f"{ENOUGH_OPEN_FILES:,}", f"at most {limits.open_files:,}", hint, fatal=False)
