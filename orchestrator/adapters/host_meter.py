"""What the processor and the memory of this host do, for who looks again and again."""

from __future__ import annotations

import psutil

from orchestrator.adapters.host import usable_memory
from orchestrator.core.live.reading import HostLoad


class HostMeter:
    """Each reading tells the share of the processor since the one before."""

    def __init__(self) -> None:
        self._cores = psutil.cpu_count() or 1
        psutil.cpu_percent()

    def read(self) -> HostLoad:
        memory = usable_memory()
        used_bytes = memory.total_bytes - memory.available_bytes
        return HostLoad(self._cores, psutil.cpu_percent(), used_bytes, memory.total_bytes)
