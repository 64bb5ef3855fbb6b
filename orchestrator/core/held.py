"""What a fleet's gateway holds, and why, as its tools tell it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Held:
    """Requests that wait for an engine."""

    requests: int
    prompt_tokens: int  # of their texts, at most
    oldest_since_s: float  # Unix time
    expected_wait_s: float  # of the oldest, from now; 0 when an engine is overdue
    engines_full: bool  # engines are ready, and each has all that it can hold
    reason: str = ""  # why they wait, where that is known


def why_held(held: Held, target_num_replicas: int, states: Collection[str]) -> str:
    """The reason; `states` are those of the engine replicas, as Ray Serve says them."""
    if held.engines_full:
        return "every engine is full"
    if target_num_replicas == 0:
        return "scaled to zero"
    return "a replica is starting" if "STARTING" in states else "no engine is ready"
