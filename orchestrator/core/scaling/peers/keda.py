"""KEDA on the requests that wait, as vLLM's production stack and KServe document it.

Source: docs.vllm.ai/projects/production-stack, KEDA autoscaling: vllm:num_requests_waiting with a threshold of 5 a pod,
polled every 15 s; the HPA that KEDA makes waits 300 s before it scales down. Nothing waiting asks for the least.
"""

from __future__ import annotations

from math import ceil

from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.peers.hpa import TOLERANCE, Wishes, stabilised
from orchestrator.core.scaling.peers.signal import waiting_requests
from orchestrator.core.scaling.rule import Rule, one_variant

THRESHOLD = 5.0
STABILISATION_S = 300.0


def keda() -> Rule:
    return one_variant(_count, Wishes())


def _count(load: Load, main: VariantLoad, memory: Wishes) -> tuple[int, Wishes]:
    if not memory.due(load.now_s):
        return main.replicas, memory
    wish = waiting_requests(load, main) / THRESHOLD
    near = abs(wish / max(1, main.replicas) - 1) <= TOLERANCE
    return stabilised(main.replicas if near else max(1, ceil(wish)), main, memory, load.now_s, STABILISATION_S)
