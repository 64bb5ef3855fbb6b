"""What a scaling decision says: how many replicas of each variant, and the steps that led there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class DecisionStep:
    """One input or result of a decision; `value` is in work a second or in replicas, as `reason` says."""

    name: str
    value: float
    reason: str


@dataclass(frozen=True)
class ScalingDecision:
    """Replicas by variant, those that start included."""

    replicas: Mapping[str, int]
    steps: tuple[DecisionStep, ...]
    wanted: Mapping[str, int] = field(default_factory=dict)  # if there were no budget
