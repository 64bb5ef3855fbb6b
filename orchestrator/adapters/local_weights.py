"""Weights that the user has: a file or folder named by `--weights`, or a folder of models (QORCH_WEIGHTS_DIR)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from orchestrator.adapters.model_files import (
    check_gguf_model,
    check_safetensors_model,
    is_safetensors_part,
    shards,
    size_notice,
)
from orchestrator.app.weights import OnProgress, ResolvedWeights
from orchestrator.core.errors import EnvironmentNotReady, QorchError, UsageError
from orchestrator.core.plan import Availability
from orchestrator.core.profile import Profile


@dataclass(frozen=True)
class GivenWeights:
    """What `--weights PATH` names: a GGUF file under any name, a model's folder, or a folder of models."""

    path: Path

    def holds(self, profile: Profile) -> Availability:
        """On disk where the files are there, sound, and of this profile's model."""
        try:
            return _on_disk(self._checked(profile))
        except QorchError as wrong:
            return Availability(False, False, wrong.message)

    def fetch(self, profile: Profile, progress: OnProgress) -> ResolvedWeights:
        """The weights where they are; the user named them, so nothing else will do."""
        return self._checked(profile)

    def _checked(self, profile: Profile) -> ResolvedWeights:
        if not self.path.exists():
            raise UsageError(f"--weights {self.path}: no such file or folder", hint=f"ls {self.path.parent}")
        if self.path.is_file():
            return _checked(profile, self.path.parent, self.path)
        found = _find(profile, self.path)
        if found is None and not profile.weights.file and (self.path / "config.json").is_file():
            found = self.path, self.path
        if found is None:
            wanted = profile.weights.file or "model with a config.json"
            raise EnvironmentNotReady(
                f"--weights {self.path}: {profile.name} needs {wanted}, which is not there",
                hint=f"ls {self.path}; --weights PATH may also name one file",
            )
        return _checked(profile, *found)


@dataclass(frozen=True)
class WeightsFolder:
    """A folder of models: FOLDER/FILE, or FOLDER/REPOSITORY-NAME/FILE."""

    folder: Path

    def holds(self, profile: Profile) -> Availability:
        """On disk where the files are there, sound, and of this profile's model."""
        try:
            weights = self._checked(profile)
        except QorchError as wrong:
            return Availability(False, False, wrong.message)
        return _on_disk(weights) if weights else Availability(False, False, f"not in {self.folder}")

    def fetch(self, profile: Profile, progress: OnProgress) -> ResolvedWeights | None:
        """The weights where they are; None where the folder has none for this profile."""
        return self._checked(profile)

    def _checked(self, profile: Profile) -> ResolvedWeights | None:
        found = _find(profile, self.folder)
        return _checked(profile, *found) if found else None


def _find(profile: Profile, folder: Path) -> tuple[Path, Path] | None:
    """The model's folder and what to load from it, if `folder` has the profile's files under their own names."""
    return next(((root, path) for root, path in _places(profile, folder) if path.exists()), None)


def _places(profile: Profile, folder: Path) -> Iterator[tuple[Path, Path]]:
    weights = profile.weights
    own = folder / weights.repo.rpartition("/")[2]
    if weights.file:
        yield own, own / weights.file
        yield folder, folder / weights.file
        yield folder, folder / Path(weights.file).name
    elif (own / "config.json").is_file():
        yield own, own


def _checked(profile: Profile, root: Path, path: Path) -> ResolvedWeights:
    """Weights that may be loaded: headers are sound, the model is the profile's, nothing in them is code."""
    try:
        return _gguf(profile, root, path) if profile.weights.file else _safetensors(profile, path)
    except OSError as failed:
        raise EnvironmentNotReady(f"{failed.filename or path}: {failed.strerror}", hint=f"ls -l {root}") from failed


def _gguf(profile: Profile, root: Path, path: Path) -> ResolvedWeights:
    projector = root / profile.weights.mmproj_file if profile.weights.mmproj_file else None
    found = projector if projector and projector.is_file() else None
    check_gguf_model(profile, path, found)
    weights_bytes = sum((path.parent / name).stat().st_size for name in shards(path.name))
    blind = (f"no {projector.name} beside it: images are not understood",) if projector and not found else ()
    return ResolvedWeights(
        path=path,
        revision=None,
        bytes=weights_bytes + (found.stat().st_size if found else 0),
        source=f"given: {path}",
        mmproj_path=found,
        notices=size_notice(profile, weights_bytes) + blind,
    )


def _safetensors(profile: Profile, folder: Path) -> ResolvedWeights:
    if not folder.is_dir():
        raise EnvironmentNotReady(f"{folder}: {profile.name} needs a folder of safetensors, not a file")
    check_safetensors_model(profile, folder)
    sizes = {entry: entry.stat().st_size for entry in folder.iterdir() if is_safetensors_part(entry.name)}
    weights_bytes = sum(size for entry, size in sizes.items() if entry.suffix == ".safetensors")
    return ResolvedWeights(
        path=folder,
        revision=None,
        bytes=sum(sizes.values()),
        source=f"given: {folder}",
        notices=size_notice(profile, weights_bytes),
    )


def _on_disk(weights: ResolvedWeights) -> Availability:
    return Availability(obtainable=True, on_disk=True, reason=weights.source)
