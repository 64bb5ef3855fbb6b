"""How much memory a process on this host takes, with those that it has started."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import psutil

KEPT_S = 10.0


class MemoryMeter:
    """Of processes that are looked at again and again: the kernel walks all their pages to tell, so what it told is
    kept for `KEPT_S`.
    """

    def __init__(self, now_s: Callable[[], float] = time.monotonic) -> None:
        self._now_s = now_s
        self._told: dict[int, tuple[float, int | None]] = {}

    def read(self, pids: Iterable[int]) -> dict[int, int | None]:
        """Bytes of each, as `memory_bytes` has them; of other processes nothing is kept."""
        now_s = self._now_s()
        self._told = {pid: self._fresh(pid, now_s) or (now_s, memory_bytes(pid)) for pid in pids}
        return {pid: told for pid, (_, told) in self._told.items()}

    def _fresh(self, pid: int, now_s: float) -> tuple[float, int | None] | None:
        told = self._told.get(pid)
        return told if told is not None and now_s - told[0] < KEPT_S else None


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
