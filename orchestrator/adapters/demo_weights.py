"""The stand-in model as a source of weights: made on this machine when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from orchestrator.adapters.demo_model import make_demo_checkpoint, make_demo_gguf
from orchestrator.app.weights import OnProgress, ResolvedWeights
from orchestrator.core.plan import Availability
from orchestrator.core.profile import ModelStatus, Precision, Profile


@dataclass(frozen=True)
class DemoWeights:
    """Makes the demo below `folder`."""

    folder: Path

    def holds(self, profile: Profile) -> Availability:
        if profile.model.status is not ModelStatus.STAND_IN:
            return Availability(obtainable=False, on_disk=False, reason="")
        return Availability(obtainable=True, on_disk=True, reason="made on this machine in a second")

    def fetch(self, profile: Profile, progress: OnProgress) -> ResolvedWeights | None:
        if profile.model.status is not ModelStatus.STAND_IN:
            return None
        make = make_demo_gguf if profile.precision is Precision.GGUF else make_demo_checkpoint
        path = make(self.folder)
        return ResolvedWeights(path, None, profile.weights.bytes, "made on this machine: tiny, random, a stand-in")
