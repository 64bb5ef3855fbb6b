"""Ray Serve's own autoscaler, which counts requests in flight.

Source: ray 2.60.0, serve/autoscaling_policy.py and serve/config.py (AutoscalingConfig). The wish is the mean of the
requests in flight over the look-back period by the target of one replica, rounded up; it is followed when it has been
higher for the whole upscale delay, or lower for the whole downscale delay. Of a full replica the target is a share:
Ray's `num_replicas="auto"` has a target of 2 where a replica takes 5. TUNED is the cheapest of a dozen settings that
keeps 99.9 % within 2 s on the ServeGen trace of bench.autoscaling, with a cold start of 120 s.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.peers.signal import in_flight
from orchestrator.core.scaling.peers.window import Window, mean, remembered
from orchestrator.core.scaling.rule import Rule, one_variant


@dataclass(frozen=True)
class Settings:
    """Of AutoscalingConfig; the target is a share of a full replica."""

    target: float = 2 / 5
    look_back_period_s: float = 30.0
    upscale_delay_s: float = 30.0
    downscale_delay_s: float = 600.0


DEFAULT = Settings()
TUNED = Settings(target=0.68, upscale_delay_s=0.0)


@dataclass(frozen=True)
class _Memory:
    in_flight: Window = ()
    direction: int = 0  # that the wish has gone in
    since_s: float = 0.0


def ray_serve(settings: Settings = DEFAULT) -> Rule:
    def count(load: Load, main: VariantLoad, memory: _Memory) -> tuple[int, _Memory]:
        seen = remembered(memory.in_flight, load.now_s, in_flight(load, main), settings.look_back_period_s)
        wish = ceil(mean(seen) / settings.target)
        direction = (wish > main.replicas) - (wish < main.replicas)
        since_s = memory.since_s if direction == memory.direction else load.now_s
        delay_s = settings.upscale_delay_s if direction > 0 else settings.downscale_delay_s
        if direction and load.now_s - since_s >= delay_s:
            return wish, replace(memory, in_flight=seen, direction=0)
        return main.replicas, _Memory(seen, direction, since_s)

    return one_variant(count, _Memory())
