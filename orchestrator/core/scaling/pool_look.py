"""What all replicas of a pool did since the look before, as far as they tell, and what that teaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from orchestrator.core.scaling.capacity import Capacity, learned
from orchestrator.core.scaling.cold_start import ColdStart, begun, ended
from orchestrator.core.scaling.mean_request import Served, with_served
from orchestrator.core.scaling.own_ttft import with_first_tokens
from orchestrator.core.scaling.pace import UNSEEN, Pace, Written, line, with_written
from orchestrator.core.scaling.pool_memory import PoolMemory
from orchestrator.core.scaling.prior import PoolPrior
from orchestrator.core.scaling.replica_track import Gain, ReplicaTrack, Window, followed
from orchestrator.core.scaling.seen import PoolSeen, ReplicaSample, VariantSeen
from orchestrator.core.scaling.tpot_spread import TpotSpread, with_requests, with_writing

FORGOTTEN_S = 600.0  # after a replica was last seen: one may be out of sight for a moment


@dataclass(frozen=True)
class PoolLook:
    """`gains` are of the replicas that told something, by their ids; `told` is the last of what each of these told."""

    seen: PoolSeen
    tracks: Mapping[str, ReplicaTrack]
    gains: Mapping[str, Gain]
    told: Sequence[ReplicaSample]

    @property
    def ready(self) -> int:
        return sum(len(variant.replicas) for variant in self.seen.variants)

    @property
    def blind(self) -> bool:
        """Whether some of those that there are tell nothing."""
        asked = any(variant.asked for variant in self.seen.variants)
        return len(self.gains) < self.ready if self.ready else asked

    @property
    def served(self) -> Served:
        gains = self.gains.values()
        return Served(sum([gain.served for gain in gains]), sum([gain.generated for gain in gains]))

    @property
    def alone(self) -> bool:
        """Whether a request that comes now is begun at once."""
        return not self.seen.held_requests and not any(sample.full for sample in self.told)


def looked(seen: PoolSeen, prior: PoolPrior, memory: PoolMemory) -> PoolLook:
    """Every replica followed for one look more."""
    tracks, gains, told = dict(memory.tracks), {}, []
    for variant in seen.variants:
        for replica_id, sample in variant.replicas.items():
            track, gain = followed(tracks.get(replica_id), sample, memory.watched_s, prior.work)
            if track is not None:
                tracks[replica_id] = track
            if track is not None and gain is not None:
                gains[replica_id] = gain
                told.append(track.sample)
    return PoolLook(seen, tracks, gains, told)


def taught(look: PoolLook, memory: PoolMemory) -> PoolMemory:
    """The memory with what a look tells of requests, capacities and starts."""
    seen = look.seen
    met_s = _met_s(look, memory)
    return replace(
        memory,
        tracks={key: track for key, track in look.tracks.items() if key in met_s},
        met_s=met_s,
        request=memory.request if look.blind else with_served(memory.request, look.served, seen.answered_requests),
        capacities=_capacities(look, memory),
        cold_starts={variant.name: _cold_start(variant, memory) for variant in seen.variants},
        paces={variant.name: _pace(variant, look, memory.paces.get(variant.name, UNSEEN)) for variant in seen.variants},
        own_ttft=with_first_tokens(memory.own_ttft, seen.first_tokens, look.alone),
        tpots={variant.name: _tpots(variant, look, memory) for variant in seen.variants},
    )


def _met_s(look: PoolLook, memory: PoolMemory) -> dict[str, float]:
    """When each was last seen, of those that are not forgotten."""
    now_s = memory.watched_s
    here = dict.fromkeys(chain.from_iterable(variant.replicas for variant in look.seen.variants), now_s)
    met_s = {**memory.met_s, **here}
    if len(met_s) == len(here):
        return met_s
    return {key: at_s for key, at_s in met_s.items() if now_s - at_s < FORGOTTEN_S}


def _pace(variant: VariantSeen, look: PoolLook, known: Pace) -> Pace:
    return with_written(known, _written(variant, look))


def _tpots(variant: VariantSeen, look: PoolLook, memory: PoolMemory) -> TpotSpread:
    known, by_pace = memory.tpots.get(variant.name, TpotSpread()), line(memory.paces.get(variant.name, UNSEEN))
    writing = with_writing(known, _written(variant, look), by_pace, memory.request.generation_tokens)
    return with_requests(writing, variant.tpots)


def _written(variant: VariantSeen, look: PoolLook) -> list[Written]:
    gains = map(look.gains.get, variant.replicas)
    return [gain.written for gain in gains if gain is not None and gain.running]


def _capacities(look: PoolLook, memory: PoolMemory) -> dict[str, Capacity]:
    known = ((each.name, _capacity(each, look, memory.capacities.get(each.name))) for each in look.seen.variants)
    return {name: capacity for name, capacity in known if capacity is not None}


def _capacity(variant: VariantSeen, look: PoolLook, known: Capacity | None) -> Capacity | None:
    if known is None:
        gains = ((look.tracks[key].sample, look.gains[key]) for key in variant.replicas if key in look.gains)
        return learned(None, [_extrapolated(sample, gain) for sample, gain in gains if gain.served and gain.seconds])
    found = map(look.gains.get, variant.replicas)
    return learned(known, [gain.full for gain in found if gain is not None and gain.full is not None])


def _extrapolated(sample: ReplicaSample, gain: Gain) -> Window:
    """What a replica of which nothing was predicted would have done with all its places taken."""
    places = sample.max_num_seqs / max(1.0, sample.num_requests_running)
    return Window(gain.served * max(1.0, places), gain.seconds)


def _cold_start(variant: VariantSeen, memory: PoolMemory) -> ColdStart:
    known, now_s = memory.cold_starts[variant.name], memory.watched_s
    ready = sum([key not in memory.met_s for key in variant.replicas])
    return begun(ended(known, ready, now_s), max(0, variant.asked - len(variant.replicas)), now_s)
