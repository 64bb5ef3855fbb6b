"""The formulas against the counts that the hub publishes and the byte sums of the official checkpoints."""

from __future__ import annotations

import pytest

from orchestrator.core.parameters import (
    active_parameters,
    checkpoint_bytes,
    mtp_parameters,
    text_parameters,
    total_parameters,
    vision_parameters,
)
from orchestrator.core.profile import ModelStatus, Precision
from tests.core.family import ARCHITECTURES, MODELS, VARIANTS
from tests.core.machines import BY_NAME, PROFILES

PUBLISHED = {p.model.name: p.model for p in PROFILES if p.model.status is ModelStatus.PUBLISHED}
KNOWN = [profile for profile in PROFILES if profile.model.architecture]
SAFETENSORS = [profile for profile in KNOWN if profile.precision is not Precision.GGUF]


def test_every_published_size_is_there():
    sizes = ("0.8b", "2b", "4b", "9b", "27b", "35b-a3b", "122b-a10b", "397b-a17b")
    assert set(PUBLISHED) == {f"qwen3.5-{size}" for size in sizes}


@pytest.mark.parametrize("profile", KNOWN, ids=lambda profile: profile.name)
def test_the_dimensions_give_the_parameter_count_to_the_last_weight(profile):
    architecture = profile.model.architecture
    assert total_parameters(architecture) == profile.model.parameters.total
    assert active_parameters(architecture) == profile.model.parameters.active_per_token


@pytest.mark.parametrize("profile", SAFETENSORS, ids=lambda profile: profile.name)
def test_the_dimensions_give_the_checkpoint_bytes_to_the_last_byte(profile):
    assert checkpoint_bytes(profile.model.architecture, profile.precision) == profile.weights.bytes


@pytest.mark.parametrize("name", MODELS)
def test_every_size_of_the_family_has_the_parameters_that_the_hub_counts(name):
    architecture, published = ARCHITECTURES[name], MODELS[name]["parameters"]
    assert total_parameters(architecture) == published["total"]
    assert text_parameters(architecture) == published["text"]
    assert mtp_parameters(architecture) == published["mtp"]
    assert (vision_parameters(architecture.vision) if architecture.vision else 0) == published["vision"]
    assert active_parameters(architecture) == published["active_per_token"]


@pytest.mark.parametrize("variant", [one for one in VARIANTS if one.bytes_status == "computed"], ids=lambda v: v.repo)
def test_every_official_checkpoint_has_the_bytes_of_its_tensors(variant):
    assert checkpoint_bytes(variant.architecture, variant.precision, variant.fp8_scope) == variant.bytes


@pytest.mark.parametrize("variant", [one for one in VARIANTS if one.bytes_status == "published"], ids=lambda v: v.repo)
def test_published_files_are_the_tensors_and_their_headers(variant):
    tensors = checkpoint_bytes(variant.architecture, variant.precision, variant.fp8_scope)
    assert 0 < variant.bytes - tensors < 4e-5 * tensors


def test_the_parts_of_27b_are_those_that_its_config_gives():
    architecture = PUBLISHED["qwen3.5-27b"].architecture
    assert text_parameters(architecture) == 26_895_998_464
    assert mtp_parameters(architecture) == 424_699_392
    assert vision_parameters(architecture.vision) == 460_730_096


def test_a_mixture_of_experts_reads_a_fraction_of_its_weights_for_a_token():
    parameters = BY_NAME["qwen3.5-35b-a3b-fp8"].model.parameters
    assert parameters.active_per_token == 2_946_429_568
    assert text_parameters(PUBLISHED["qwen3.5-35b-a3b"].architecture) == 34_660_610_688


def test_gptq_of_27b_is_far_from_half_a_byte_a_parameter():
    profile = BY_NAME["qwen3.5-27b-gptq"]
    assert profile.weights.bytes / profile.model.parameters.total == pytest.approx(1.09, abs=0.01)
