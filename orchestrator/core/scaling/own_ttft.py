"""How long a first token takes with nobody before it: by the plan at first, then as the gateway measures it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

PRIOR_REQUESTS, MOST_REQUESTS = 4.0, 1000.0  # so many requests weigh as much as the plan's, and as all those before


class FirstTokens(NamedTuple):
    """Streams that have begun so far, and the seconds from their arrival until then, together."""

    begun: float
    seconds: float


@dataclass(frozen=True)
class OwnTtft:
    """The mean, by how many requests, and what was counted at the last look; 0 s where nobody knows."""

    mean_s: float = 0.0
    requests: float = 0.0
    counted: FirstTokens | None = None


def predicted_ttft(ttft_s: float | None) -> OwnTtft:
    return OwnTtft() if ttft_s is None else OwnTtft(ttft_s, PRIOR_REQUESTS)


def with_first_tokens(own: OwnTtft, counted: FirstTokens | None, alone: bool) -> OwnTtft:
    """After one look more; where requests waited, or the count has fallen, it is only counted on from here."""
    if counted is None:
        return own
    before = own.counted
    begun = counted.begun - before.begun if before else 0.0
    if before is None or not alone or begun <= 0 or counted.seconds < before.seconds:
        return OwnTtft(own.mean_s, own.requests, counted)
    requests = min(MOST_REQUESTS, own.requests + begun)
    share = min(1.0, begun / requests)
    mean_s = own.mean_s + share * ((counted.seconds - before.seconds) / begun - own.mean_s)
    return OwnTtft(mean_s, requests, counted)
