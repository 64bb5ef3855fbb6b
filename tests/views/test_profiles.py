"""Profiles as rows, as a page and as data."""

from __future__ import annotations

import json

import pytest

from orchestrator.views.profiles import HEADERS, profile_data, profile_rows, profile_text
from tests.core.machines import BY_NAME, PROFILES


def test_a_row_says_what_tells_profiles_apart():
    (row,) = profile_rows((BY_NAME["qwen3.5-35b-a3b-fp8"],))
    assert row == ("qwen3.5-35b-a3b-fp8", "fp8", "vllm", "34.9 GiB", "36.0B", "2.9B", "262,144", "published")
    assert len(row) == len(HEADERS)


def test_a_page_shows_figures_with_their_sources():
    text = profile_text(BY_NAME["qwen3.5-27b-ud-q4_k_xl"])
    for part in (
        "64 layers (16 full attention, 48 Gated DeltaNet)",
        "17,621,125,024 B = 16.4 GiB, published: ggml-org/Llama-macOS",
        "mmproj-F16.gguf for images",
        "Artificial Analysis Intelligence Index v4.0: 42",
        "262,144 tokens (caution past 131,072), 32 images, 600 s of video, audio no",
        "licence apache-2.0",
    ):
        assert part in text


def test_a_page_says_what_is_not_known():
    assert "architecture  not known" in profile_text(BY_NAME["qwen3.5-72b-a14b-bf16"])


def test_a_page_says_what_hardware_the_profile_needs():
    assert "compute capability 7.5 or higher" in profile_text(BY_NAME["qwen3.5-27b-gptq"])
    assert "256 experts of 512, 8 active" in profile_text(BY_NAME["qwen3.5-35b-a3b-q8_0"])


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_every_profile_is_a_page_and_data(profile):
    assert profile.name in profile_text(profile)
    data = profile_data(profile)
    assert json.loads(json.dumps(data)) == data
