"""The processes of a fleet, told by marks that only they carry, so that nobody else's are ever touched.

Each inherits the fleet's mark in its environment. Some of Ray's agents write their title over their environment;
those are told by the log that they write in the fleet's own Ray folder.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from orchestrator.core.errors import EnvironmentNotReady

MARK = "QORCH_FLEET_ID"
TERM_GRACE_S = 1.5
END_TIMEOUT_S = 30.0
READ_ONLY = "r"


@dataclass(frozen=True)
class Owner:
    """A fleet as its processes know it: the mark in their environment, and the folder that they log to."""

    mark: str
    folder: Path

    def processes(self) -> list[psutil.Process]:
        """Every living process but this one that was started for this fleet, directly or by one that was."""
        return [process for process in psutil.process_iter() if process.pid != os.getpid() and self._owns(process)]

    def owns_pid(self, pid: int) -> bool:
        """Whether this process was started for this fleet, as far as this user may see."""
        try:
            return self._owns(psutil.Process(pid))
        except psutil.Error:
            return False

    def end_all(self) -> int:
        """Ask them to end, then kill what is left, until none remains; returns how many there were.

        A first look may miss one that is just being started, so it looks until it sees none; raises
        EnvironmentNotReady when one of them cannot be killed.
        """
        seen: set[int] = set()
        for processes in self._until_none():
            seen.update(process.pid for process in processes)
            _end(processes)
        return len(seen)

    def _until_none(self) -> Iterator[list[psutil.Process]]:
        deadline_s = time.monotonic() + END_TIMEOUT_S
        while processes := self.processes():
            if time.monotonic() > deadline_s:
                raise _immortal(processes)
            yield processes
            time.sleep(0.05)

    def _owns(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            environment = process.environ()
            return environment.get(MARK) == self.mark if any(environment.values()) else self._writes_here(process)
        except (psutil.Error, OSError):
            return False

    def _writes_here(self, process: psutil.Process) -> bool:
        written = (Path(file.path) for file in process.open_files() if file.mode != READ_ONLY)
        return any(path.is_relative_to(self.folder) for path in written)


def _end(processes: list[psutil.Process]) -> None:
    for process in processes:
        _signal(process.terminate)
    _, alive = psutil.wait_procs(processes, timeout=TERM_GRACE_S)
    for process in alive:
        _signal(process.kill)
    psutil.wait_procs(alive, timeout=TERM_GRACE_S)


def _immortal(processes: list[psutil.Process]) -> EnvironmentNotReady:
    pids = ",".join(str(process.pid) for process in processes)
    return EnvironmentNotReady(
        f"these processes of the fleet cannot be ended: {pids}", hint=f"ps -o pid,user,stat,wchan,command -p {pids}"
    )


def _signal(send: Callable[[], None]) -> None:
    with contextlib.suppress(psutil.Error):
        send()
