"""The decode estimate against the public points that it was made for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.core.speed import bytes_per_token, cpu_decode_tok_s
from tests.core.machines import BY_NAME, PROFILES


def test_9b_in_4_bit_on_a_laptop_is_within_a_fifth_of_the_measured_speed():
    q4_k_m = replace(BY_NAME["qwen3.5-9b-q8_0"].weights, bytes=5_660_000_000)
    profile = replace(BY_NAME["qwen3.5-9b-q8_0"], weights=q4_k_m)
    assert cpu_decode_tok_s(profile, cores=16) == pytest.approx(8.5, rel=0.2)


def test_a_token_of_a_mixture_of_experts_reads_its_active_share():
    profile = BY_NAME["qwen3.5-35b-a3b-ud-q4_k_xl"]
    assert bytes_per_token(profile) == pytest.approx(22_241_950_336 * 2_946_429_568 / 34_660_610_688)


def test_a_tied_model_reads_the_whole_file():
    profile = BY_NAME["qwen3.5-4b-q8_0"]
    assert bytes_per_token(profile) == profile.weights.bytes


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_more_cores_are_never_slower_and_at_last_wait_for_memory(profile):
    speeds = [cpu_decode_tok_s(profile, cores) for cores in (1, 2, 4, 8, 64)]
    assert speeds == sorted(speeds)
    assert speeds[-1] == speeds[-2]
