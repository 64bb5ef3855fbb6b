"""What a plan is made for: how much each step of a score weighs, in the words that a user gives."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Objective(StrEnum):
    """What `--for` takes."""

    BALANCED = "balanced"
    THROUGHPUT = "throughput"
    LATENCY = "latency"
    CONTEXT = "context"
    QUALITY = "quality"
    COST = "cost"


# The exponent of each step's value; a step that is not named weighs nothing.
WEIGHTS: Mapping[Objective, Mapping[str, float]] = {
    Objective.BALANCED: {"quality": 1, "speed": 1, "device": 1, "headroom": 1},
    Objective.THROUGHPUT: {"quality": 1, "throughput": 1, "device": 1},
    Objective.LATENCY: {"quality": 1, "latency": 1, "device": 1},
    Objective.CONTEXT: {"quality": 1, "context": 3, "speed": 1, "device": 1},
    Objective.QUALITY: {"quality": 8, "speed": 1, "device": 1, "headroom": 1},
    Objective.COST: {"quality": 1, "cost": 1, "speed": 1, "device": 1},
}
FILLS = frozenset({Objective.THROUGHPUT, Objective.COST})  # take every device, unless the user says how many replicas


def weight(objective: Objective, step: str) -> float:
    return WEIGHTS[objective].get(step, 0.0)
