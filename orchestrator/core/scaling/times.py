"""How far a decision looks ahead and back: seconds that follow from the longest cold start of the pool."""

from __future__ import annotations

from typing import NamedTuple

from orchestrator.core.scaling.load import Load
from orchestrator.core.scaling.policy import ScalingPolicy

LEAST_FAST_S = 10.0
FAST_SHARE = 0.25  # of a cold start: what is seen sooner cannot be met sooner
LEAST_DRAIN_S = 30.0
DRAIN_SHARE = 0.25  # of a cold start, in which what waits shall be served
FIRST_COLD_STARTS = 30.0


class Times(NamedTuple):
    """Of one look, reckoned once, since every part of a decision goes by some of them."""

    cold_start_s: float  # of the variant that takes longest
    ahead_s: float  # from the beginning of what was looked at until what is asked for at the next look is ready
    fast_s: float  # how long the short average of demand is
    hold_s: float  # a replica that is let go within a cold start of being asked for was paid for in vain
    drain_s: float  # within which what waits shall be served
    first_wait_s: float  # for a level of need to come back, as long as nothing is known of it


def times_of(load: Load, policy: ScalingPolicy) -> Times:
    """For a load that is known."""
    cold_start_s = max([each.cold_start_s for each in load.variants])
    ahead_s = cold_start_s + 2 * load.interval_s
    hold_s = max(ahead_s, policy.least_hold_s - ahead_s)  # demand is expected to last for ahead_s before
    return Times(
        cold_start_s,
        ahead_s,
        max(LEAST_FAST_S, FAST_SHARE * cold_start_s),
        hold_s,
        max(LEAST_DRAIN_S, DRAIN_SHARE * cold_start_s),
        FIRST_COLD_STARTS * cold_start_s - hold_s,  # the hold comes after it
    )
