"""Weights on this machine: asked for by profile, found or fetched from a list of sources in their order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.plan import Availability
from orchestrator.core.profile import Profile


@dataclass(frozen=True)
class Progress:
    """How far one step is over all files of a profile; `file` is the one in hand."""

    file: str
    done_bytes: int
    total_bytes: int
    step: str  # "fetch" (bytes arrive) or "check" (bytes that were here are hashed)


OnProgress = Callable[[Progress], None]


@dataclass(frozen=True)
class ResolvedWeights:
    """Weights that were checked and may be loaded."""

    path: Path  # a GGUF file (of several: the first shard), or the folder of a safetensors model
    revision: str | None  # commit on the hub; None for files that the user gave or qorch made
    bytes: int
    source: str  # where they came from, for people
    mmproj_path: Path | None = None  # the vision projector of a GGUF model
    notices: tuple[str, ...] = ()


class WeightsSource(Protocol):
    """One place that weights come from."""

    def holds(self, profile: Profile) -> Availability:
        """Whether this place has or can get them; an empty reason where the profile is not its business."""

    def fetch(self, profile: Profile, progress: OnProgress) -> ResolvedWeights | None:
        """The weights, checked; None where this place has nothing to do with the profile."""


class WeightsStore(Protocol):
    """What the use cases ask."""

    def availability(self, profile: Profile) -> Availability:
        """Whether the profile's weights are here, can be had, or neither, and why."""

    def resolve(self, profile: Profile, progress: OnProgress) -> ResolvedWeights:
        """Bring the weights here, checked, or raise `EnvironmentNotReady`."""


@dataclass(frozen=True)
class TagsAndFiles:
    """A store over Ollama's tags and over files: neither is looked for where the other is kept."""

    tags: WeightsStore
    files: WeightsStore

    def availability(self, profile: Profile) -> Availability:
        return self._store(profile).availability(profile)

    def resolve(self, profile: Profile, progress: OnProgress) -> ResolvedWeights:
        return self._store(profile).resolve(profile, progress)

    def _store(self, profile: Profile) -> WeightsStore:
        return self.tags if profile.weights.tag else self.files


@dataclass(frozen=True)
class WeightsSources:
    """A store over places, asked in order."""

    sources: tuple[WeightsSource, ...]

    def availability(self, profile: Profile) -> Availability:
        """The first place that has them on disk, else the first that can get them, else every reason."""
        answers = []
        for source in self.sources:
            answer = source.holds(profile)
            if answer.on_disk:
                return answer
            answers.append(answer)
        reasons = "; ".join(answer.reason for answer in answers if answer.reason)
        nowhere = Availability(obtainable=False, on_disk=False, reason=reasons or "no source has them")
        return next((answer for answer in answers if answer.obtainable), nowhere)

    def resolve(self, profile: Profile, progress: OnProgress) -> ResolvedWeights:
        """The weights from the first place that answers for them."""
        for source in self.sources:
            weights = source.fetch(profile, progress)
            if weights is not None:
                return weights
        reason = self.availability(profile).reason
        raise EnvironmentNotReady(
            f"{profile.name}: its weights cannot be had: {reason}", hint=f"qorch profiles show {profile.name}"
        )
