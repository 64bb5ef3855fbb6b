"""A pool as it is seen at one look: what each replica told last, and how many were asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrator.core.scaling.own_ttft import FirstTokens
from orchestrator.core.scaling.tpot_spread import TpotCounts

MOST = 1e15


class ReplicaSample(NamedTuple):
    """What a replica told of itself; totals run from its start."""

    clock_s: float  # its own: from when it was ready, and it never jumps
    num_requests_running: float
    num_requests_waiting: float
    prompt_tokens_total: float
    generation_tokens_total: float
    max_num_seqs: float

    @property
    def sensible(self) -> bool:
        """Numbers from 0 on, and no more of anything than there can be; NaN is neither."""
        return sum(self) <= MOST and min(self) >= 0

    @property
    def unfinished(self) -> float:
        return self.num_requests_running + self.num_requests_waiting

    @property
    def full(self) -> bool:
        """Whether another request would have to wait."""
        return self.num_requests_waiting > 0 or self.num_requests_running >= self.max_num_seqs


@dataclass(frozen=True)
class VariantSeen:
    """One variant; `replicas` are those that take requests, None for one that told nothing of use.

    Bounds and `asked` are without those that stand `aside`, by a person's wish.
    """

    name: str
    min_replicas: int
    max_replicas: int
    asked: int  # replicas, those that start included
    replicas: Mapping[str, ReplicaSample | None]
    tpots: TpotCounts = field(default_factory=dict)  # of the requests that ended so far
    aside: int = 0


@dataclass(frozen=True)
class PoolSeen:
    """All variants of a model at one moment."""

    now_s: float  # Unix time
    variants: tuple[VariantSeen, ...]
    answered_requests: float | None = None  # so far; None where nobody counts them
    held_requests: float = 0.0  # that no replica has been given yet
    first_tokens: FirstTokens | None = None  # None where nobody counts them
