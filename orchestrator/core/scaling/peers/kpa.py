"""Knative's autoscaler as AIBrix has it for LLMs: a stable window, and a short one for panic.

Source: vllm-project/aibrix 0.8, pkg/controller/podautoscaler/algorithm/kpa.go, and its docs on metric-based
autoscaling: gpu_cache_usage_perc at 50 %, windows of 180 and 60 s, panic from twice the ready pods, at most doubled or
halved at once. KV cache in use grows with the requests in flight, so a full replica stands for 100 %. Panic ends when
the short window has been below its threshold for a stable window.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.peers.signal import in_flight
from orchestrator.core.scaling.peers.window import Window, mean, remembered, since
from orchestrator.core.scaling.rule import Rule, one_variant

TARGET = 0.5
STABLE_S, PANIC_S = 180.0, 60.0
PANIC_THRESHOLD = 2.0
MAX_RATE = 2.0  # of one change, up or down


@dataclass(frozen=True)
class _Memory:
    in_flight: Window = ()
    panic_s: float | None = None  # when the threshold was last passed, in panic
    most: int = 0  # replicas asked for in this panic


def kpa() -> Rule:
    return one_variant(_count, _Memory())


def _count(load: Load, main: VariantLoad, memory: _Memory) -> tuple[int, _Memory]:
    seen = remembered(memory.in_flight, load.now_s, in_flight(load, main), STABLE_S)
    stable, panic = mean(seen) / TARGET, mean(since(seen, load.now_s - PANIC_S)) / TARGET
    panic_s = memory.panic_s
    if ceil(panic) / max(1, main.ready) >= PANIC_THRESHOLD:
        panic_s = load.now_s
    elif panic_s is not None and load.now_s - panic_s >= STABLE_S:
        panic_s = None
    if panic_s is None:
        return _bounded(stable, main.ready), _Memory(seen)
    most = max(memory.most, main.replicas, _bounded(stable, main.ready), _bounded(panic, main.ready))
    return most, _Memory(seen, panic_s, most)


def _bounded(wish: float, ready: int) -> int:
    return min(max(ceil(wish), floor(ready / MAX_RATE)), max(1, ceil(MAX_RATE * ready)))
