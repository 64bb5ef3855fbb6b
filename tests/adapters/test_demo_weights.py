"""The stand-ins as a source of weights: every shipped one is made as its engine loads it, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.adapters.demo_weights import DemoWeights
from orchestrator.adapters.local_weights import GivenWeights
from orchestrator.core.profile import EngineName, ModelStatus, Precision, Profile
from tests.core.machines import BY_NAME, PROFILES

STAND_INS = [profile for profile in PROFILES if profile.model.status is ModelStatus.STAND_IN]
OTHERS = {
    "published": BY_NAME["qwen3.5-9b-bf16"],
    "another's": replace(BY_NAME["demo-gguf"], model=replace(BY_NAME["demo-gguf"].model, name="mine")),
    "a form that there is not": replace(BY_NAME["demo-bf16"], precision=Precision.FP8),
}


def test_every_stand_in_comes_for_both_engines() -> None:
    forms = {(profile.model.name, profile.precision, profile.engine) for profile in STAND_INS}
    assert forms == {
        (model, precision, engine)
        for model in ("demo", "demo-moe", "demo-vision")
        for precision, engine in (
            (Precision.BF16, EngineName.VLLM),
            (Precision.GPTQ, EngineName.VLLM),
            (Precision.GGUF, EngineName.LLAMA_CPP),
        )
    }


@pytest.mark.parametrize("profile", STAND_INS, ids=lambda profile: profile.name)
def test_what_is_made_passes_the_checks_on_weights_that_a_user_gives(tmp_path: Path, profile: Profile) -> None:
    source = DemoWeights(tmp_path)
    assert source.holds(profile).on_disk
    made = source.fetch(profile, print)
    assert made is not None
    given = GivenWeights(made.path).fetch(profile, print)
    assert (given.path, given.mmproj_path) == (made.path, made.mmproj_path)


@pytest.mark.parametrize("profile", OTHERS.values(), ids=OTHERS.keys())
def test_other_profiles_are_none_of_its_business(tmp_path: Path, profile: Profile) -> None:
    assert not DemoWeights(tmp_path).holds(profile).obtainable
    assert DemoWeights(tmp_path).fetch(profile, print) is None
