"""The stand-in model as a source of weights: made on this machine when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.adapters.demo_model import can_make, make_demo_checkpoint, make_demo_gguf
from orchestrator.app.weights import OnProgress, ResolvedWeights
from orchestrator.core.plan import Availability
from orchestrator.core.profile import ModelStatus, Precision, Profile


@dataclass(frozen=True)
class DemoWeights:
    """Makes the demo below `folder`."""

    folder: Path

    def holds(self, profile: Profile) -> Availability:
        if not _is_ours(profile):
            return Availability(obtainable=False, on_disk=False, reason="")
        return Availability(obtainable=True, on_disk=True, reason="made on this machine in a second")

    def fetch(self, profile: Profile, progress: OnProgress) -> ResolvedWeights | None:
        if not _is_ours(profile):
            return None
        path = _made(self.folder, profile.model.name, profile.precision)
        mmproj = path.with_name(profile.weights.mmproj_file) if profile.weights.mmproj_file else None
        source = "made on this machine: tiny, random, a stand-in"
        return ResolvedWeights(path, None, profile.weights.bytes, source, mmproj_path=mmproj)


def _is_ours(profile: Profile) -> bool:
    return profile.model.status is ModelStatus.STAND_IN and can_make(profile.model.name, profile.precision)


def _made(folder: Path, model: str, precision: Precision) -> Path:
    """A file for llama.cpp, a folder for vLLM."""
    if precision is Precision.GGUF:
        return make_demo_gguf(folder, model)
    return make_demo_checkpoint(folder, model, precision)
