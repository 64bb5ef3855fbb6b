"""How much memory a process on this host takes."""

from __future__ import annotations

import psutil


def memory_bytes(pid: int) -> int | None:
    """Its proportional set size: pages that several processes map, such as a model file's, are divided among them.

    None where the process is gone or is not ours to look at.
    """
    try:
        return int(psutil.Process(pid).memory_full_info().pss)
    except psutil.Error:
        return None
