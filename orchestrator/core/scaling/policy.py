"""What a pool shall reach, in the user's words; everything else is learned from what the pool does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ScalingPolicy:
    """Of the requests, the share `attainment` shall wait `max_wait_s` at most before a replica takes them."""

    max_wait_s: float = 2.0
    attainment: float = 0.999
    budget: float | None = None  # most that the replicas of the pool may cost an hour together
    least_hold_s: float = 300.0  # from when demand came until replicas for it go; or two cold starts
    idle_s: float = 3600.0  # without any work, before a pool goes back to its fewest replicas, whatever was learned
    empty_s: float = 300.0  # the same of a pool whose fewest are none
