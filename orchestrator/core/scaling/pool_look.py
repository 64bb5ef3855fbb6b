"""What all replicas of a pool did since the look before, as far as they tell, and what that teaches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import chain

from orchestrator.core.scaling.capacity import Capacity, learned
from orchestrator.core.scaling.cold_start import ColdStart, begun, ended
from orchestrator.core.scaling.did import NOTHING_DONE, Did, Gained, and_did
from orchestrator.core.scaling.mean_request import with_served
from orchestrator.core.scaling.own_ttft import with_first_tokens
from orchestrator.core.scaling.pace import UNSEEN, Pace, line, with_written
from orchestrator.core.scaling.parts import Parts
from orchestrator.core.scaling.pool_memory import PoolMemory
from orchestrator.core.scaling.prior import PoolPrior
from orchestrator.core.scaling.replica_track import Gain, ReplicaTrack, Window, followed
from orchestrator.core.scaling.seen import PoolSeen, ReplicaSample, VariantSeen
from orchestrator.core.scaling.tpot_spread import TpotSpread, with_requests, with_writing

FORGOTTEN_S = 600.0  # after a replica was last seen: one may be out of sight for a moment


@dataclass(frozen=True)
class VariantKnown:
    """What is held of one variant after a look; no capacity as long as nothing is known of it."""

    capacity: Capacity | None
    cold_start: ColdStart
    pace: Pace
    tpots: TpotSpread


@dataclass(frozen=True)
class PoolLook:
    """The replicas of all variants together, and what they teach of each."""

    seen: PoolSeen
    tracks: Mapping[str, ReplicaTrack]
    did: Did
    known: Mapping[str, VariantKnown]

    @property
    def ready(self) -> int:
        return sum(len(variant.replicas) for variant in self.seen.variants)

    @property
    def blind(self) -> bool:
        """Whether some of those that there are tell nothing."""
        asked = any(variant.asked for variant in self.seen.variants)
        return self.did.telling < self.ready if self.ready else asked

    @property
    def alone(self) -> bool:
        """Whether a request that comes now is begun at once."""
        return not self.seen.held_requests and not self.did.full


def looked(seen: PoolSeen, prior: PoolPrior, memory: PoolMemory) -> Parts[PoolLook]:
    """Every replica followed for one look more, one variant after another."""
    tracks, did, known = dict(memory.tracks), NOTHING_DONE, {}
    for variant in seen.variants:
        gained = _followed(variant, tracks, prior, memory.watched_s)
        did, known[variant.name] = and_did(did, gained), _known(variant, gained, memory)
        yield len(variant.replicas)
    return PoolLook(seen, tracks, did, known)


def taught(look: PoolLook, memory: PoolMemory) -> PoolMemory:
    """The memory with what a look tells of requests, capacities and starts."""
    seen, met_s = look.seen, _met_s(look, memory)
    return replace(
        memory,
        tracks={key: track for key, track in look.tracks.items() if key in met_s},
        met_s=met_s,
        request=memory.request if look.blind else with_served(memory.request, look.did.served, seen.answered_requests),
        capacities={name: each.capacity for name, each in look.known.items() if each.capacity is not None},
        cold_starts={name: each.cold_start for name, each in look.known.items()},
        paces={name: each.pace for name, each in look.known.items()},
        own_ttft=with_first_tokens(memory.own_ttft, seen.first_tokens, look.alone),
        tpots={name: each.tpots for name, each in look.known.items()},
    )


def _followed(variant: VariantSeen, tracks: dict[str, ReplicaTrack], prior: PoolPrior, now_s: float) -> Gained:
    """Of one variant, with its tracks as they are now."""
    gained = []
    for replica_id, sample in variant.replicas.items():
        track, gain = followed(tracks.get(replica_id), sample, now_s, prior.work)
        if track is not None:
            tracks[replica_id] = track
        if track is not None and gain is not None:
            gained.append((track.sample, gain))
    return gained


def _met_s(look: PoolLook, memory: PoolMemory) -> dict[str, float]:
    """When each was last seen, of those that are not forgotten."""
    now_s = memory.watched_s
    here = dict.fromkeys(chain.from_iterable(variant.replicas for variant in look.seen.variants), now_s)
    met_s = {**memory.met_s, **here}
    if len(met_s) == len(here):
        return met_s
    return {key: at_s for key, at_s in met_s.items() if now_s - at_s < FORGOTTEN_S}


def _known(variant: VariantSeen, gained: Gained, memory: PoolMemory) -> VariantKnown:
    capacity, pace = memory.capacities.get(variant.name), memory.paces.get(variant.name, UNSEEN)
    wrote = [gain.written for _, gain in gained if gain.running]
    writing = with_writing(
        memory.tpots.get(variant.name, TpotSpread()), wrote, line(pace), memory.request.generation_tokens
    )
    return VariantKnown(
        _capacity(capacity, gained),
        _cold_start(variant, memory),
        with_written(pace, wrote),
        with_requests(writing, variant.tpots),
    )


def _capacity(known: Capacity | None, gained: Gained) -> Capacity | None:
    if known is None:
        return learned(None, [_extrapolated(sample, gain) for sample, gain in gained if gain.served and gain.seconds])
    return learned(known, [gain.full for _, gain in gained if gain.full is not None])


def _extrapolated(sample: ReplicaSample, gain: Gain) -> Window:
    """What a replica of which nothing was predicted would have done with all its places taken."""
    places = sample.max_num_seqs / max(1.0, sample.num_requests_running)
    return Window(gain.served * max(1.0, places), gain.seconds)


def _cold_start(variant: VariantSeen, memory: PoolMemory) -> ColdStart:
    known, now_s = memory.cold_starts[variant.name], memory.watched_s
    ready = sum([key not in memory.met_s for key in variant.replicas])
    return begun(ended(known, ready, now_s), max(0, variant.asked - len(variant.replicas)), now_s)
