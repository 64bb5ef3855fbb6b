"""The dashboard over the GPUs of this host and what a gateway would tell of replicas on them, another each second:
`python -m bench.top_gpus_app REPLICAS`.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from itertools import count

from bench.watching import reading
from orchestrator.adapters.gpu_watch import GpuWatch
from orchestrator.core.live.reading import HostReading, Reading
from tui.app import TopApp
from tui.feed import LiveFeed


class OverGpus:
    """Satisfies `orchestrator.app.ports.Watch`."""

    name = "bench"

    def __init__(self, replicas: int) -> None:
        self._readings = (reading(replicas, second, busy=True) for second in count())
        self._gpus = GpuWatch(1.0)

    def read(self) -> Reading:
        told = next(self._readings)
        return replace(told, at_s=time.time(), hosts=(HostReading("here", self._gpus.read()),))

    def log(self, replica_id: str, previous: bool = False) -> None:
        return None

    def logged(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        self._gpus.close()


def run() -> None:
    TopApp(LiveFeed(OverGpus(int(sys.argv[1]))), 1.0).run()


if __name__ == "__main__":
    run()
