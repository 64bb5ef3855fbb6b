"""How much a request is on average: by the plan at first, then by what was served for those that were answered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

PRIOR_REQUESTS, MOST_REQUESTS = 4.0, 1000.0  # so many requests weigh as much as the plan's, and as all those before


class Served(NamedTuple):
    """What replicas did: work, and the tokens that they wrote in it."""

    work: float = 0.0
    generation_tokens: float = 0.0


NOTHING = Served()


@dataclass(frozen=True)
class MeanRequest:
    """The mean, by how many requests; what was served since the count of them last rose, and the count."""

    work: float
    generation_tokens: float
    requests: float = PRIOR_REQUESTS
    served: Served = NOTHING
    total: float | None = None

    @property
    def work_of_token(self) -> float:
        """Of one that is written, with its share of the prompt."""
        return self.work / self.generation_tokens


def with_served(mean: MeanRequest, now: Served, total: float | None) -> MeanRequest:
    """After so much was done, and so many requests answered in all; a count that has fallen begins anew."""
    if total is None:
        return mean
    if mean.total is None or total < mean.total:
        return replace(mean, served=NOTHING, total=total)
    served = Served(mean.served.work + now.work, mean.served.generation_tokens + now.generation_tokens)
    answered = total - mean.total
    if not answered or not served.work:
        return replace(mean, served=served)
    requests = min(MOST_REQUESTS, mean.requests + answered)
    share = min(1.0, answered / requests)
    return MeanRequest(
        mean.work + share * (served.work / answered - mean.work),
        mean.generation_tokens + share * (served.generation_tokens / answered - mean.generation_tokens),
        requests,
        NOTHING,
        total,
    )
