"""What happens to the simulated fleet, second by second: its load, and what goes wrong."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

LENGTH_S = 600
LOAD = ((0.0, 12.0), (20.0, 12.0), (300.0, 25.0), (420.0, 26.0), (460.0, 10.0), (600.0, 9.0))  # (s, requests a second)


@dataclass(frozen=True)
class Trouble:
    """From one second to another."""

    begin_s: float
    end_s: float

    def holds(self, second: float) -> bool:
        return self.begin_s <= second < self.end_s


ENGINE_DIES = Trouble(372.0, 396.0)  # of the first replica
GPU_IS_HOT = Trouble(40.0, 95.0)  # the second GPU
DRIVER_HANGS = Trouble(490.0, 515.0)
HOT_GPU = 1
HOT_SPEED = 0.7  # of what it does with its clocks not held down


def requests_per_s(second: float) -> float:
    """Linear between the points of LOAD."""
    place = bisect_right(LOAD, second, key=lambda point: point[0])
    if place == len(LOAD):
        return LOAD[-1][1]
    (begin_s, before), (end_s, after) = LOAD[place - 1], LOAD[place]
    return before + (after - before) * (second - begin_s) / (end_s - begin_s)
