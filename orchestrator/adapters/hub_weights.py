"""The Hugging Face hub as a source of weights: its cache on this disk, then the network for what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.adapters.checksums import Verified
from orchestrator.adapters.hub import Hub, HubTrouble
from orchestrator.adapters.hub_cache import RepoCache
from orchestrator.adapters.hub_fetch import HubFetch, free_bytes
from orchestrator.adapters.hub_listing import Listing, weights_bytes
from orchestrator.adapters.model_files import check_gguf_model, check_safetensors_model, size_notice
from orchestrator.app.weights import OnProgress, ResolvedWeights
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.plan import Availability
from orchestrator.core.profile import ModelStatus, Profile

NOT_ON_THE_HUB = {
    ModelStatus.ARTICLE: "only the founding article names this model: no checkpoint of it is on the hub",
    ModelStatus.STAND_IN: "",
}


@dataclass(frozen=True)
class HubWeights:
    """`root` is the Hugging Face cache; in `notes` qorch keeps pins, listings and the digests that it checked."""

    hub: Hub
    root: Path
    notes: Path
    free_bytes: Callable[[Path], int] = free_bytes

    def holds(self, profile: Profile) -> Availability:
        """On disk, or obtainable where the hub answers; it is asked, once, only when something is missing."""
        if profile.model.status is not ModelStatus.PUBLISHED:
            return Availability(False, False, NOT_ON_THE_HUB[profile.model.status])
        cache = self._cache(profile)
        if found := _find(cache, profile):
            return Availability(True, True, f"in {cache.path(found.commit)}")
        if self.hub.trouble:
            return Availability(False, False, f"not in {self.root}, and {self.hub.trouble}")
        return Availability(True, False, f"can be fetched from {self.hub.host}")

    def fetch(self, profile: Profile, progress: OnProgress) -> ResolvedWeights | None:
        """The weights from the cache where they are whole and right, else from the hub."""
        if profile.model.status is not ModelStatus.PUBLISHED:
            return None
        cache = self._cache(profile)
        fetcher = HubFetch(self.hub, cache, Verified(self.notes / "verified.json"), self.free_bytes)
        try:
            return _resolved(cache, profile, _cached(fetcher, profile, progress) or fetcher.fetch(profile, progress))
        except HubTrouble as trouble:
            missing = "; ".join(
                (f"{profile.weights.file or profile.weights.repo} is not in {self.root}", *_aside(cache))
            )
            raise EnvironmentNotReady(
                f"{profile.name}: {missing}; {trouble.message}", hint=trouble.hint or _ways_on(profile)
            ) from trouble
        except OSError as failed:
            raise EnvironmentNotReady(
                f"{profile.name}: {failed.filename or cache.folder}: {failed.strerror}",
                hint=f"df -h {self.root}",
            ) from failed

    def _cache(self, profile: Profile) -> RepoCache:
        return RepoCache(self.root, self.notes, profile.weights.repo)


def _find(cache: RepoCache, profile: Profile) -> Listing | None:
    """The first commit that has all of the profile's files on this disk."""
    for commit in cache.commits(profile.weights.revision):
        if files := cache.present(profile, commit):
            return Listing(commit, files)
    return None


def _cached(fetcher: HubFetch, profile: Profile, progress: OnProgress) -> Listing | None:
    """What the cache has, if all of it is right; its commit is pinned either way, so a repair is of the same."""
    found = _find(fetcher.cache, profile)
    if found is None:
        return None
    fetcher.cache.pin(profile.weights.revision, found.commit)
    return None if fetcher.unsound(found, progress) else found


def _resolved(cache: RepoCache, profile: Profile, found: Listing) -> ResolvedWeights:
    """The checked files as an engine takes them: a GGUF file, or the commit's folder."""
    weights = profile.weights
    path = cache.path(found.commit, weights.file or "")
    mmproj_path = cache.path(found.commit, weights.mmproj_file) if weights.mmproj_file else None
    if weights.file:
        check_gguf_model(profile, path, mmproj_path)
    else:
        check_safetensors_model(profile, path)
    return ResolvedWeights(
        path=path,
        revision=found.commit,
        bytes=sum(file.bytes for file in found.files),
        source=f"{weights.repo} at {found.commit[:12]}",
        mmproj_path=mmproj_path,
        notices=size_notice(profile, weights_bytes(profile, found.files)) + _aside(cache),
    )


def _aside(cache: RepoCache) -> tuple[str, ...]:
    """Corrupt files that were put aside and still take room."""
    return tuple(f"corrupt, put aside and not used: {path}" for path in cache.folder.glob("blobs/*.quarantined"))


def _ways_on(profile: Profile) -> str:
    return (
        f"qorch pull {profile.name}  # where there is a route to the hub; or --weights DIR with the files, "
        "or HF_ENDPOINT=https://MIRROR"
    )
