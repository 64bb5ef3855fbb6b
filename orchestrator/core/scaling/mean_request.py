"""How much work a request is on average: by the plan at first, then by what was served for those that were answered."""

from __future__ import annotations

from dataclasses import dataclass

PRIOR_REQUESTS, MOST_REQUESTS = 4.0, 1000.0  # so many requests weigh as much as the plan's, and as all those before


@dataclass(frozen=True)
class MeanRequest:
    """The mean, by how many requests; what was served since the count of them last rose, and the count."""

    work: float
    requests: float = PRIOR_REQUESTS
    served: float = 0.0
    total: float | None = None


def with_served(mean: MeanRequest, served: float, total: float | None) -> MeanRequest:
    """After so much work, and so many requests answered in all; a count that has fallen begins anew."""
    if total is None:
        return mean
    if mean.total is None or total < mean.total:
        return MeanRequest(mean.work, mean.requests, 0.0, total)
    served += mean.served
    answered = total - mean.total
    if not answered or not served:
        return MeanRequest(mean.work, mean.requests, served, mean.total)
    requests = min(MOST_REQUESTS, mean.requests + answered)
    share = min(1.0, answered / requests)
    return MeanRequest(mean.work + share * (served / answered - mean.work), requests, 0.0, total)
