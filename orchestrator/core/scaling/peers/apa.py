"""AIBrix's application-specific autoscaler (APA): in proportion to the metric, once it leaves a band around its target.

Source: vllm-project/aibrix 0.8, pkg/controller/podautoscaler/algorithm/apa.go: 10 % above or 20 % below the target, at
most doubled or halved at once; the metric is the mean of 180 s. Its target of 50 % KV cache stands for a half full
replica, as for KPA.
"""

from __future__ import annotations

from math import ceil, floor

from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.peers.signal import in_flight
from orchestrator.core.scaling.peers.window import Window, mean, remembered
from orchestrator.core.scaling.rule import Rule, one_variant

TARGET = 0.5
WINDOW_S = 180.0
UP_TOLERANCE, DOWN_TOLERANCE = 0.1, 0.2
MAX_RATE = 2.0


def apa() -> Rule:
    empty: Window = ()
    return one_variant(_count, empty)


def _count(load: Load, main: VariantLoad, memory: Window) -> tuple[int, Window]:
    seen = remembered(memory, load.now_s, in_flight(load, main), WINDOW_S)
    if not main.ready:
        return max(1, main.replicas), seen
    use = mean(seen) / main.ready / TARGET
    wish = ceil(main.ready * use)
    if use > 1 + UP_TOLERANCE:
        return min(wish, ceil(MAX_RATE * main.ready)), seen
    if use < 1 - DOWN_TOLERANCE:
        return max(wish, floor(main.ready / MAX_RATE)), seen
    return main.ready, seen
