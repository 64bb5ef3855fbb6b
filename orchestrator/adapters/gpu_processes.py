"""The processes that a driver lists on a GPU, with their users and commands as far as this host tells them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import psutil

from orchestrator.core.inventory import GpuProcess, NotAvailable

BYTES_HIDDEN = NotAvailable("the driver does not tell what it holds")  # WSL, and slices of other users
NOT_SEEN = NotAvailable("not to be seen from here: it runs outside this container, or has just ended")
NOT_OURS = NotAvailable("this user may not look at it")


def gpu_processes(listed: Iterable[tuple[int, int | None]]) -> tuple[GpuProcess, ...]:
    """Each process once, though it may both compute and draw; (pid, bytes), None where the bytes are hidden."""
    used: dict[int, int | None] = {}
    for pid, used_bytes in listed:
        known = [each for each in (used_bytes, used.get(pid)) if each is not None]
        used[pid] = max(known, default=None)
    return tuple(_process(pid, used[pid]) for pid in used)


def _process(pid: int, used_bytes: int | None) -> GpuProcess:
    return GpuProcess(
        pid,
        BYTES_HIDDEN if used_bytes is None else used_bytes,
        user=_asked(lambda: psutil.Process(pid).username()),
        command=_asked(lambda: psutil.Process(pid).name()),
    )


def _asked(question: Callable[[], str]) -> str | NotAvailable:
    try:
        return question()
    except psutil.NoSuchProcess:
        return NOT_SEEN
    except psutil.AccessDenied:
        return NOT_OURS
