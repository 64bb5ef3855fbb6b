"""NVIDIA Dynamo's planner, both of its loops.

Source: ai-dynamo 1.6.1, dynamo/planner/core/{throughput_scaling,load_scaling}.py and config/defaults.py. Every 180 s
the load of the next interval is predicted and divided by what a replica does within its goals: the lower bound. Every
5 s, unless a change is under way, one more where KV cache scheduled and queued is beyond 100 %, one less where it is
below 60 %. Requests in flight stand for KV cache. Predicted is the last interval's mean, "constant", one of its four
predictors: the default, ARIMA, needs a library.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.peers.signal import in_flight
from orchestrator.core.scaling.rule import Rule, one_variant

INTERVAL_S = 180.0
UP, DOWN = 1.0, 0.6


@dataclass(frozen=True)
class _Memory:
    begun_s: float | None = None  # the interval that is being measured
    work: float = 0.0  # that arrived in it
    bound: int = 0


def dynamo() -> Rule:
    return one_variant(_count, _Memory())


def _count(load: Load, main: VariantLoad, memory: _Memory) -> tuple[int, _Memory]:
    known = _measured(load, main, memory)
    if main.starting:
        return max(main.replicas, known.bound), known
    use = in_flight(load, main) / max(1, main.ready)
    step = (use > UP) - (use < DOWN)
    return max(main.replicas + step, known.bound), known


def _measured(load: Load, main: VariantLoad, memory: _Memory) -> _Memory:
    begun_s = load.now_s - load.interval_s if memory.begun_s is None else memory.begun_s
    work, took_s = memory.work + (load.arrived or 0.0), load.now_s - begun_s
    if took_s < INTERVAL_S:
        return _Memory(begun_s, work, memory.bound)
    return _Memory(load.now_s, 0.0, ceil(work / took_s / main.capacity))
