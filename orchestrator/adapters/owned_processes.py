"""The processes of a fleet, told by a mark in their environment, so that nobody else's are ever touched."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import psutil

MARK = "QORCH_FLEET_ID"
TERM_GRACE_S = 1.5


def owned_processes(fleet_id: str) -> list[psutil.Process]:
    """Every living process that was started for this fleet, directly or by one that was."""
    return [process for process in psutil.process_iter() if _mark(process) == fleet_id]


def end_owned_processes(fleet_id: str) -> int:
    """Ask them to end, then kill what is left, until none remains; returns how many there were.

    A first look may miss one that is just being started, so it looks until it sees none.
    """
    seen = set()
    for processes in _until_none(fleet_id):
        seen.update(process.pid for process in processes)
        for process in processes:
            _signal(process.terminate)
        _, alive = psutil.wait_procs(processes, timeout=TERM_GRACE_S)
        for process in alive:
            _signal(process.kill)
        psutil.wait_procs(alive, timeout=TERM_GRACE_S)
    return len(seen)


def _until_none(fleet_id: str) -> Iterator[list[psutil.Process]]:
    while processes := owned_processes(fleet_id):
        yield processes
        time.sleep(0.05)


def _mark(process: psutil.Process) -> str | None:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process.environ().get(MARK)
    except (psutil.Error, OSError):
        return None


def _signal(send: Callable[[], None]) -> None:
    with contextlib.suppress(psutil.Error):
        send()
