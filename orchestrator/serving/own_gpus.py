"""The GPUs that a pod's replica was given, read where it runs: nobody else in the cluster is asked for them."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace

from orchestrator.adapters.gpu_watch import GpuWatch
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.inventory import Gpu
from orchestrator.core.live.gpu_rows import gpu_rows
from orchestrator.core.live.reading import HostReading
from orchestrator.core.live.told_gpus import NO_GPUS, ToldGpus

MOST = 16  # of one replica: no host has more


class OwnGpus:
    """All that NVML shows in a pod, where a device plugin lets a container see its own GPUs alone.

    Nothing on a CPU; nor on a host, whose GPUs are claimed, and seen by who watches the host.
    """

    def __init__(self, spec: EngineSpec, every_s: float) -> None:
        self.told = NO_GPUS
        self._every_s, self._watch = every_s, GpuWatch(every_s)
        given = spec.device == "gpu" and not spec.gpu_sets
        self._reader = asyncio.ensure_future(self._follow()) if given else None

    @property
    def uuids(self) -> tuple[str, ...]:
        return tuple(gpu.uuid for gpu in self.told.gpus if gpu.uuid)

    def close(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
        self._watch.close()

    async def _follow(self) -> None:
        """Apart from the load's samples, and in a thread: a child process may have to be started."""
        while True:
            self.told = await asyncio.to_thread(self._read)
            await asyncio.sleep(self._every_s)

    def _read(self) -> ToldGpus:
        try:
            gpus = self._watch.read()
        except OSError as trouble:  # no process can be started now
            return replace(self.told, error=str(trouble))
        rows = gpu_rows([HostReading(socket.gethostname(), tuple(map(_on_host, gpus[:MOST])))])
        return ToldGpus(tuple(replace(row, others="") for row in rows), self._watch.error)  # a pod sees its own alone


def _on_host(gpu: Gpu) -> Gpu:
    """As its host numbers it: each container counts from 0."""
    return replace(gpu, index=gpu.minor_number) if isinstance(gpu.minor_number, int) else gpu
