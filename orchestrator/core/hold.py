"""Requests that wait while no engine is ready: whether one more may, for how long, and when to come back instead."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

LEAST_WAIT_S = 30.0
SLACK = 2.0  # how many times the expected start a request waits
REPLICA_S = 5.0  # until Ray has seen that a replica is wanted and its process runs; then its engine starts
UNPREDICTED_LOAD_S = 120.0
LEAST_RETRY_S = 2


@dataclass(frozen=True)
class HoldLimits:
    """What may be held at once, of all requests together."""

    most_requests: int
    most_bytes: int  # of their bodies


@dataclass(frozen=True)
class HeldNow:
    """What is held at one moment."""

    requests: int
    body_bytes: int
    prompt_tokens: int  # of their texts, at most
    oldest_s: float  # how long the one that has waited longest has


class Refusal(StrEnum):
    """Why a request is not held, or no longer."""

    REQUESTS = "requests"
    BYTES = "bytes"
    DEADLINE = "deadline"
    STOPPING = "stopping"


def half_of(max_connections: int, max_bodies_bytes: int) -> HoldLimits:
    """Limits that leave half of what a gateway can take to what can be answered."""
    return HoldLimits(max_connections // 2, max_bodies_bytes // 2)


def overfull(held: HeldNow, limits: HoldLimits) -> Refusal | None:
    """Why the last of what is held has no place."""
    if held.requests > limits.most_requests:
        return Refusal.REQUESTS
    return Refusal.BYTES if held.body_bytes > limits.most_bytes else None


def start_s(able: Collection[str], loaded_s: Mapping[str, float], predicted_s: Mapping[str, float]) -> float:
    """How long until the quickest of the `able` variants answers: from what it took here, else from the plan."""
    loads = (loaded_s.get(name, predicted_s.get(name, UNPREDICTED_LOAD_S)) for name in able)
    return REPLICA_S + min(loads, default=UNPREDICTED_LOAD_S)


def longest_wait_s(expected_s: float) -> float:
    """How long a request is held where a start is expected to take `expected_s`."""
    return max(LEAST_WAIT_S, SLACK * expected_s)


def retry_after_s(expected_s: float, waited_s: float) -> int:
    """Whole seconds after which a client may come back, when a start of `expected_s` was due for `waited_s`."""
    return max(LEAST_RETRY_S, math.ceil(expected_s - waited_s))
