"""The same replicas all the time: what a fleet without autoscaling pays."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.core.scaling.load import Load
from orchestrator.core.scaling.rule import Rule


def static(replicas: Mapping[str, int]) -> Rule:
    def rule(load: Load, memory: None) -> tuple[Mapping[str, int], None]:
        return replicas, None

    return rule
