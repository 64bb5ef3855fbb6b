"""What a pool shall reach, in the user's words; everything else is learned from what the pool does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ScalingPolicy:
    """Of the requests, the share `attainment` shall wait `max_wait_s` at most before a replica takes them."""

    max_wait_s: float = 2.0
    attainment: float = 0.999
    least_hold_s: float = 300.0  # for so long, or a cold start, no fewer than were wanted: what stops is paid for anew
    budget: float | None = None  # most that the replicas of the pool may cost an hour together
