"""The same replicas all the time: what a fleet without autoscaling pays."""

from __future__ import annotations

from orchestrator.core.scaling.load import Load, VariantLoad
from orchestrator.core.scaling.rule import Rule, one_variant


def static(replicas: int) -> Rule:
    def count(load: Load, main: VariantLoad, memory: None) -> tuple[int, None]:
        return replicas, None

    return one_variant(count, None)
