"""`qorch pull`: bring a profile's weights to this machine, so that `up` need not wait for them."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.app.weights import OnProgress, ResolvedWeights, WeightsStore
from orchestrator.core.profile import Profile


@dataclass(frozen=True)
class Pulled:
    """What `pull` did; `was_on_disk` says that nothing had to be fetched when it began."""

    profile: Profile
    weights: ResolvedWeights
    was_on_disk: bool


def pull(profile: Profile, store: WeightsStore, progress: OnProgress) -> Pulled:
    """Resolve the weights of one profile and say whether they were here before."""
    was_on_disk = store.availability(profile).on_disk
    return Pulled(profile, store.resolve(profile, progress), was_on_disk)
