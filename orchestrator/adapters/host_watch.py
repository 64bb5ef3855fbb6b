"""A fleet of this host as it is watched: Ray Serve, its gateway, its history and the GPUs."""

from __future__ import annotations

import socket
import time

from orchestrator.adapters.bare_host import BareHost
from orchestrator.adapters.gpu_watch import GpuWatch
from orchestrator.adapters.host_meter import HostMeter
from orchestrator.adapters.log_file import LogFile
from orchestrator.adapters.scaling_history import ScalingHistory
from orchestrator.core.errors import QorchError
from orchestrator.core.fleet import Decided, Fleet
from orchestrator.core.gpu_holders import named_processes
from orchestrator.core.inventory import Gpu
from orchestrator.core.live.carried import GATEWAY, GPUS, SERVE
from orchestrator.core.live.heard import heard
from orchestrator.core.live.reading import HostReading, Reading, SourceState, Traffic

DECISIONS = 50


class HostWatch:
    """Satisfies `orchestrator.app.ports.Watch`."""

    def __init__(self, runtime: BareHost, history: ScalingHistory, gpus: GpuWatch) -> None:
        self.name = runtime.name
        self._runtime = runtime
        self._history = history
        self._gpus, self._meter = gpus, HostMeter()
        self._owned: dict[int, bool] = {}
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
        self._sources = heard(self._sources, silent, at_s)
        return Reading(at_s, fleet, traffic, (self._host(fleet, gpus),), self._decided(fleet), self._sources)

    def log(self, replica_id: str, previous: bool = False) -> LogFile | None:
        """Each replica has one of its own."""
        path = None if previous else self._runtime.log_files().get(replica_id)
        return None if path is None else LogFile(path)

    def logged(self) -> tuple[str, ...]:
        return tuple(reversed(self._runtime.log_files()))

    def close(self) -> None:
        self._gpus.close()

    def _host(self, fleet: Fleet | None, gpus: tuple[Gpu, ...]) -> HostReading:
        """All that the fleet has is on it."""
        addresses = frozenset(each.node_ip for each in fleet.replicas if each.node_ip) if fleet else frozenset[str]()
        return HostReading(socket.gethostname(), gpus, self._meter.read(), addresses, self._own(gpus))

    def _own(self, gpus: tuple[Gpu, ...]) -> frozenset[int]:
        """The fleet's processes of those on the GPUs; whose a process is stays as it is."""
        known, pids = self._owned, {each.pid for gpu in gpus for each in named_processes(gpu)}
        self._owned = {pid: known[pid] if pid in known else self._runtime.owns(pid) for pid in pids}
        return frozenset(pid for pid, own in self._owned.items() if own)

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
