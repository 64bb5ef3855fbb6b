"""What one replica of a variant can do, learned from replicas that were full; the plan's prediction until then."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from orchestrator.core.scaling.replica_track import Window

PRIOR_S = 3.0  # a prediction weighs as much as so long a time of a full replica
MEMORY_S = 600.0  # of full replicas; what is older fades


@dataclass(frozen=True)
class Capacity:
    """Work a second of a full replica, and how long replicas were watched for it."""

    rate: float
    watched_s: float = PRIOR_S


def learned(capacity: Capacity | None, windows: Iterable[Window]) -> Capacity | None:
    """After these times of full replicas; None as long as nothing is known."""
    for window in windows:
        capacity = _with(capacity or Capacity(window.work / window.seconds, 0.0), window)
    return capacity


def _with(capacity: Capacity, window: Window) -> Capacity:
    watched_s = min(MEMORY_S, capacity.watched_s + window.seconds)
    share = window.seconds / watched_s
    return Capacity(capacity.rate + min(1.0, share) * (window.work / window.seconds - capacity.rate), watched_s)
