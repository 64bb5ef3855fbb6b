"""How much memory a process on this host takes, with those that it has started."""

from __future__ import annotations

import psutil


def memory_bytes(pid: int) -> int | None:
    """Proportional set size: pages that several processes map, such as a model file's, are divided among them.

    None where the process is gone or is not ours to look at.
    """
    try:
        process = psutil.Process(pid)
        return sum(_pss(one) for one in (process, *process.children(recursive=True)))
    except psutil.Error:
        return None


def _pss(process: psutil.Process) -> int:
    return int(process.memory_full_info().pss)
