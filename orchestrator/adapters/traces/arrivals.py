"""What every kind of trace is read into, and the demand that comes of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from orchestrator.core.scaling.demand import Demand, gathered


class Arrival(NamedTuple):
    """Requests that come at one time, with their tokens all together."""

    t_s: float
    requests: float
    prompt_tokens: float
    generation_tokens: float


def demand_of(arrivals: Iterable[Arrival], prompt_ratio: float) -> Demand:
    """Work in generated tokens: a replica reads `prompt_ratio` tokens of a prompt in the time that it writes one."""
    return gathered(
        (each.t_s, each.prompt_tokens / prompt_ratio + each.generation_tokens, each.requests) for each in arrivals
    )
