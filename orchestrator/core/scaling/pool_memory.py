"""What one look at a pool leaves for the next; it is written to a file, so that a controller that restarts has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from orchestrator.core.scaling.capacity import Capacity
from orchestrator.core.scaling.cold_start import ColdStart
from orchestrator.core.scaling.mean_request import MeanRequest
from orchestrator.core.scaling.memory import ScalingMemory
from orchestrator.core.scaling.own_ttft import OwnTtft, predicted_ttft
from orchestrator.core.scaling.pace import Pace
from orchestrator.core.scaling.prior import UNPREDICTED_COLD_START_S, PoolPrior
from orchestrator.core.scaling.replica_track import ReplicaTrack
from orchestrator.core.scaling.tpot_spread import TpotSpread

MOST_GAP_S = 60.0  # between looks; a longer one, or a clock that jumped, tells nothing of the load


@dataclass(frozen=True)
class PoolMemory:
    """By the names of variants and by the ids of replicas."""

    looked_at_s: float  # Unix time
    watched_s: float  # without gaps: the clock of all that is remembered
    request: MeanRequest
    capacities: Mapping[str, Capacity]
    cold_starts: Mapping[str, ColdStart]
    tracks: Mapping[str, ReplicaTrack]
    met_s: Mapping[str, float]  # when each replica was last seen to be ready
    held_requests: float = 0.0
    owed: float = 0.0  # work that was counted as arrived and was none; 0 or less
    asked_s: float = 0.0  # when a client had asked for something last
    scaling: ScalingMemory | None = None
    paces: Mapping[str, Pace] = field(default_factory=dict)
    own_ttft: OwnTtft = field(default_factory=OwnTtft)
    tpots: Mapping[str, TpotSpread] = field(default_factory=dict)


def first_memory(prior: PoolPrior, now_s: float) -> PoolMemory:
    """What a pool is held to be by its plan."""
    capacities = {name: Capacity(each.capacity) for name, each in prior.variants.items() if each.capacity is not None}
    cold_starts = {
        name: ColdStart(UNPREDICTED_COLD_START_S, 0.0) if each.cold_start_s is None else ColdStart(each.cold_start_s)
        for name, each in prior.variants.items()
    }
    request = MeanRequest(prior.request_work, prior.generation_tokens)
    paces = {name: each.pace for name, each in prior.variants.items()}
    own_ttft = predicted_ttft(min((each.ttft_s for each in prior.variants.values() if each.ttft_s), default=None))
    return PoolMemory(now_s, 0.0, request, capacities, cold_starts, {}, {}, paces=paces, own_ttft=own_ttft)


def at(memory: PoolMemory, now_s: float) -> tuple[PoolMemory, float]:
    """The memory at another moment, and the seconds watched since; after a gap 0, and replicas are met anew."""
    passed_s = now_s - memory.looked_at_s
    if not 0 <= passed_s <= MOST_GAP_S:
        return replace(memory, looked_at_s=now_s, tracks={}), 0.0
    return replace(memory, looked_at_s=now_s, watched_s=memory.watched_s + passed_s), passed_s
