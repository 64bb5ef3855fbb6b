"""Limits that this process hands to its children: shared memory and open files."""

from __future__ import annotations

import resource
import shutil
from pathlib import Path

from orchestrator.core.host_limits import HostLimits

SHM = Path("/dev/shm")


def host_limits(shm: Path = SHM) -> HostLimits:
    """As they are now; a system without /dev/shm keeps shared memory elsewhere, without a bound that we could read."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return HostLimits(
        shm_free_bytes=shutil.disk_usage(shm).free if shm.is_dir() else None,
        open_files=None if hard == resource.RLIM_INFINITY else hard,
    )
