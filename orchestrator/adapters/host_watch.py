"""A fleet of this host as it is watched: Ray Serve, its gateway, its history and the GPUs."""

from __future__ import annotations

import socket
import time

from orchestrator.adapters.bare_host import BareHost
from orchestrator.adapters.gpu_watch import GpuWatch
from orchestrator.adapters.log_file import LogFile
from orchestrator.adapters.scaling_history import ScalingHistory
from orchestrator.core.errors import QorchError
from orchestrator.core.fleet import Decided, Fleet
from orchestrator.core.live.carried import GATEWAY, GPUS, SERVE
from orchestrator.core.live.heard import heard
from orchestrator.core.live.reading import HostGpus, Reading, SourceState, Traffic

DECISIONS = 50


class HostWatch:
    """Satisfies `orchestrator.app.ports.Watch`."""

    def __init__(self, runtime: BareHost, history: ScalingHistory, gpus: GpuWatch) -> None:
        self.name = runtime.name
        self._runtime = runtime
        self._history = history
        self._gpus = gpus
        self._sources: tuple[SourceState, ...] = ()
        self._decided_s: float | None = None
        self._decisions: tuple[Decided, ...] = ()

    def read(self) -> Reading:
        gpus = self._gpus.read()
        fleet, traffic, trouble = self._look()
        at_s = time.time()
        silent = {
            SERVE: trouble or _silent(fleet is not None and fleet.controlled),
            GATEWAY: trouble or _silent(traffic is not None),
            **({GPUS: self._gpus.error} if self._gpus.asked else {}),
        }
        hosts = (HostGpus(socket.gethostname(), gpus),) if gpus else ()
        self._sources = heard(self._sources, silent, at_s)
        return Reading(at_s, fleet, traffic, hosts, self._decided(fleet), self._sources)

    def log(self, replica_id: str, previous: bool = False) -> LogFile | None:
        """Each replica has one of its own."""
        path = None if previous else self._runtime.log_files().get(replica_id)
        return None if path is None else LogFile(path)

    def close(self) -> None:
        self._gpus.close()

    def _look(self) -> tuple[Fleet | None, Traffic | None, str]:
        """What runs, or why that is not known."""
        try:
            seen = self._runtime.look()
        except (QorchError, OSError) as trouble:  # its files may go while they are read
            return None, None, str(trouble)
        return (None, None, f"there is no fleet {self.name!r}") if seen is None else (*seen, "")

    def _decided(self, fleet: Fleet | None) -> tuple[Decided, ...]:
        """Read anew when there is a new one."""
        last = fleet.scaling.last if fleet and fleet.scaling else None
        if last is not None and last.at_s != self._decided_s:
            self._decided_s = last.at_s
            try:
                self._decisions = tuple(self._history.decisions(0.0, DECISIONS))
            except QorchError:
                self._decisions = (last,)
        return self._decisions


def _silent(answers: bool) -> str | None:
    return None if answers else "does not answer"
