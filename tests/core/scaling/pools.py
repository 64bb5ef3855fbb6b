"""Pools of one variant and the looks at them, for tests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from orchestrator.core.scaling.decide import decide
from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.memory import ScalingMemory
from orchestrator.core.scaling.policy import ScalingPolicy

ONE = VariantLoad("one", ready=1, starting=0, capacity=1.0, cold_start_s=60.0, min_replicas=1, max_replicas=100)
POLICY = ScalingPolicy()
EVERY_S = 10.0


def load(now_s: float, demand: float, variant: VariantLoad = ONE, waiting: float = 0.0) -> Load:
    """A look at a pool that `demand` replicas are busy with."""
    return Load(now_s, EVERY_S, demand * variant.capacity * EVERY_S, waiting, (variant,))


def answers(
    demands: Iterable[float], variant: VariantLoad = ONE, policy: ScalingPolicy = POLICY
) -> list[tuple[int, ScalingMemory]]:
    """What is decided look by look, where every replica that is asked for is there at the next look."""
    memory, found = None, []
    for number, demand in enumerate(demands):
        decision, memory = decide(load(number * EVERY_S, demand, variant), policy, memory)
        variant = replace(variant, ready=decision.replicas[variant.name])
        found.append((decision.replicas[variant.name], memory))
    return found


def replicas(demands: Iterable[float], variant: VariantLoad = ONE) -> list[int]:
    return [count for count, _ in answers(demands, variant)]
