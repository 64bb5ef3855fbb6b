"""SkyServe's request-rate autoscaler.

Source: skypilot, sky/serve/autoscalers.py and docs on SkyServe autoscaling: the requests of the last 60 s by the target
of one replica, rounded up; followed when it has been higher for 300 s, or lower for 1,200 s. The target that a user
sets is here the rate at which a replica is full.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.peers.window import Window, mean, remembered
from orchestrator.core.scaling.rule import Rule, one_variant

WINDOW_S = 60.0
UPSCALE_DELAY_S, DOWNSCALE_DELAY_S = 300.0, 1200.0


@dataclass(frozen=True)
class _Memory:
    rates: Window = ()
    up_s: float | None = None  # since when the wish has been higher
    down_s: float | None = None


def skyserve() -> Rule:
    return one_variant(_count, _Memory())


def _count(load: Load, main: VariantLoad, memory: _Memory) -> tuple[int, _Memory]:
    rates = remembered(memory.rates, load.now_s, (load.arrived or 0.0) / load.interval_s, WINDOW_S)
    wish = ceil(mean(rates) / main.capacity)
    up_s = _since(memory.up_s, load.now_s, wish > main.replicas)
    down_s = _since(memory.down_s, load.now_s, wish < main.replicas)
    if _over(up_s, load.now_s, UPSCALE_DELAY_S) or _over(down_s, load.now_s, DOWNSCALE_DELAY_S):
        return wish, _Memory(rates)
    return main.replicas, _Memory(rates, up_s, down_s)


def _since(begun_s: float | None, now_s: float, holds: bool) -> float | None:
    if not holds:
        return None
    return now_s if begun_s is None else begun_s


def _over(begun_s: float | None, now_s: float, delay_s: float) -> bool:
    return begun_s is not None and now_s - begun_s >= delay_s
