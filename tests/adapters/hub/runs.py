"""Runs of the source, as `up` and `pull` make them."""

from __future__ import annotations

import pytest

from orchestrator.adapters.hub_weights import HubWeights
from orchestrator.app.weights import ResolvedWeights
from orchestrator.core.errors import EnvironmentNotReady, ExitCode
from orchestrator.core.profile import Profile
from tests.adapters.model_samples import gguf_profile

REPO, FILE = "unsloth/Sample-GGUF", "Sample-Q8_0.gguf"


def fetch(source: HubWeights, profile: Profile | None = None) -> ResolvedWeights:
    weights = source.fetch(profile or gguf_profile(), lambda _: None)
    assert weights is not None
    return weights


def refusal(source: HubWeights, profile: Profile | None = None) -> EnvironmentNotReady:
    with pytest.raises(EnvironmentNotReady) as caught:
        fetch(source, profile)
    assert caught.value.exit_code == ExitCode.ENVIRONMENT_NOT_READY
    return caught.value
