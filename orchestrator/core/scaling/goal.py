"""What a fleet shall reach, in the user's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.scaling.budget import Budget
from orchestrator.core.scaling.schedule import Window, window_from_data

WAIT_S = 2.0  # where neither a longest wait nor a time to first token is set


@dataclass(frozen=True)
class ScalingGoal:
    """Of the requests the share `attainment` shall be served as the goals say that are set; None: not set."""

    tok_s: float | None = None  # generated tokens a second that the fleet is kept able to write, whatever comes
    wait_s: float | None = None  # before a replica takes a request
    ttft_s: float | None = None  # from a request's arrival to its first token
    tpot_s: float | None = None  # for each further token of a request, on average over it
    attainment: float = 0.999
    cost_per_hour: float | None = None  # most, of all replicas together, in the currency of the prices
    schedule: tuple[Window, ...] = ()
    budget: Budget | None = None  # that other fleets share

    @property
    def most_per_hour(self) -> float | None:
        """The least of what this fleet may cost and what it may with others; None where either is open."""
        both = (self.cost_per_hour, None if self.budget is None else self.budget.per_hour)
        return min((each for each in both if each is not None), default=None)

    def longest_wait_s(self, own_ttft_s: float) -> float:
        """Of a request, when it takes so long to its first token with nobody before it."""
        left_s = None if self.ttft_s is None else max(0.0, self.ttft_s - own_ttft_s)
        return min((each for each in (self.wait_s, left_s) if each is not None), default=WAIT_S)


def goal_from_data(data: Mapping[str, Any]) -> ScalingGoal:
    """From JSON; raises TypeError or KeyError for another version's."""
    budget, windows = data["budget"], tuple(map(window_from_data, data["schedule"]))
    return ScalingGoal(**{**data, "schedule": windows, "budget": budget and Budget(**budget)})
