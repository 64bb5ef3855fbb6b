"""What the driver would tell of the GPUs of the simulated fleet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from orchestrator.adapters.demo_fleet.course import GPU_IS_HOT, HOT_GPU
from orchestrator.core.inventory import Gpu

LIMITS_W = {"NVIDIA L4": 72.0}
LIMIT_W = 400.0  # of an A100 SXM
IDLE, ROOM_C, RISE_C, HOT_C, LAG = 0.15, 34.0, 38.0, 91.0, 0.05  # shares of the limit; a step a second towards the end


@dataclass(frozen=True)
class Use:
    """Of one GPU in one second."""

    busy: float  # share of the second
    memory_bytes: int


class Gpus:
    """They warm up, and cool down, a little each second."""

    def __init__(self, gpus: Sequence[Gpu], random: Random) -> None:
        self._gpus, self._random = gpus, random
        self._heat = [0.1 for _ in gpus]

    def step(self, second: float, uses: Mapping[str, Use]) -> tuple[Gpu, ...]:
        """`uses` are by UUID, of those that have a replica."""
        return tuple(self._one(place, gpu, second, uses.get(str(gpu.uuid))) for place, gpu in enumerate(self._gpus))

    def _one(self, place: int, gpu: Gpu, second: float, use: Use | None) -> Gpu:
        busy = use.busy if use else 0.0
        self._heat[place] += LAG * (busy - self._heat[place])
        hot = place == HOT_GPU and GPU_IS_HOT.holds(second)
        limit_w = LIMITS_W.get(str(gpu.name), LIMIT_W)
        share = IDLE + (0.9 - IDLE) * busy * self._random.uniform(0.93, 1.0)
        return replace(
            gpu,
            utilization_percent=round(100 * busy),
            memory_used_bytes=use.memory_bytes if use else 0,
            temperature_c=round(HOT_C if hot else ROOM_C + RISE_C * self._heat[place]),
            power_w=float(round(limit_w * share * (0.6 if hot else 1.0))),
            power_limit_w=limit_w,
            throttled="hardware thermal slowdown" if hot else "",
        )
