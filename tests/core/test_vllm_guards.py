"""Which vLLM is started, and with what it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.device import Device
from orchestrator.core.fit import fit
from orchestrator.core.plan import Misfit
from orchestrator.core.profile import EngineName
from orchestrator.core.vllm_guards import GUARDS, guard_notes, guard_refusal
from orchestrator.core.vllm_options import VLLM_DEFAULTS, KvCacheDtype
from orchestrator.core.vllm_version import CHECKED_VERSIONS, parsed_version, version_refusal
from orchestrator.core.wish import Wish
from tests.core.machines import A100_80, BY_NAME, V100, machine

BF16 = BY_NAME["qwen3.5-9b-bf16"]
GGUF = BY_NAME["qwen3.5-9b-q8_0"]
numbers = st.integers(0, 99)


@pytest.mark.parametrize(
    "text", [*CHECKED_VERSIONS, "0.32.0+cpu", "0.32.1.dev3+gabc", "0.33", "v1.0.0", "0.33.0.post1"]
)
def test_the_floor_and_what_is_newer_are_started(text):
    assert version_refusal(text) is None


@pytest.mark.parametrize("text", ["0.31.9", "0.32.0rc2", "0.32.0.dev7+gabc", "0.9.2", "dev", ""])
def test_what_is_older_or_names_no_release_is_refused_with_what_is_needed(text):
    refusal = version_refusal(text)
    assert text in refusal
    assert "0.32.0 or newer is needed" in refusal
    assert "CVE-2026-115911" in refusal


@given(st.tuples(numbers, numbers, numbers), st.tuples(numbers, numbers, numbers))
def test_versions_sort_as_their_numbers_do(one, other):
    texts = [".".join(map(str, version)) for version in (one, other)]
    assert (parsed_version(texts[0]) < parsed_version(texts[1])) == (one < other)


@given(st.tuples(numbers, numbers, numbers), st.sampled_from(["a1", "b2", "rc1", ".dev4", "rc1.dev2"]))
def test_what_comes_before_a_release_sorts_below_it(version, suffix):
    text = ".".join(map(str, version))
    assert parsed_version(text + suffix) < parsed_version(text) == parsed_version(f"{text}+cpu")


@pytest.mark.parametrize(
    ("profile", "options", "said"),
    [
        (GGUF, {}, "GGUF with vLLM"),
        (BF16, {"num_speculative_tokens": 1}, "#53912"),
        (BF16, {"num_speculative_tokens": 4, "enable_prefix_caching": False}, "more than 3 speculative tokens"),
    ],
)
def test_what_is_known_to_go_wrong_is_refused_with_its_source(profile, options, said):
    assert said in guard_refusal(profile, replace(VLLM_DEFAULTS, **options))


@pytest.mark.parametrize("options", [{}, {"num_speculative_tokens": 3, "enable_prefix_caching": False}])
def test_what_is_not_known_to_go_wrong_is_started(options):
    assert guard_refusal(BF16, replace(VLLM_DEFAULTS, **options)) is None


def test_what_runs_with_vllms_defaults_needs_no_note():
    assert guard_notes(BF16, VLLM_DEFAULTS) == ()


def test_what_to_know_is_told():
    (note,) = guard_notes(BF16, replace(VLLM_DEFAULTS, kv_cache_dtype=KvCacheDtype.FP8))
    assert note.startswith("FP8 KV cache: without scales")


def test_a_gguf_profile_that_asks_for_vllm_has_no_place():
    missed = fit(replace(GGUF, engine=EngineName.VLLM), machine(A100_80), Wish())
    assert isinstance(missed, Misfit)
    assert "engine llama.cpp does" in missed.reasons[0]


def test_a_fit_on_the_cpu_says_what_its_build_dies_of():
    placed = fit(BY_NAME["qwen3.5-0.8b-bf16"], machine(), Wish(engine=EngineName.VLLM, device=Device.CPU))
    assert any(note.startswith("a prompt of one token") for note in placed.notes)


@pytest.mark.parametrize(
    ("profile", "sets", "placed"),
    [
        ("demo-moe-gptq", ("avx2",), False),
        ("demo-moe-gptq", ("avx2", "amx_tile"), True),
        ("demo-gptq", ("avx2",), True),
        ("demo-moe-bf16", ("avx2",), True),
    ],
)
def test_experts_of_4_bits_need_a_cpu_with_amx(profile, sets, placed):
    here = machine()
    here = replace(here, host=replace(here.host, instruction_sets=sets))
    found = fit(BY_NAME[profile], here, Wish(profile=profile, engine=EngineName.VLLM, device=Device.CPU))
    assert isinstance(found, Misfit) is not placed
    if not placed:
        assert found.reasons == (
            "vLLM's CPU build has 4-bit experts for CPUs with AMX (amx_tile) only, which test has not",
        )


def test_a_profile_cannot_ask_for_a_gpu_that_vllm_has_no_kernels_for():
    missed = fit(replace(BF16, min_compute_capability=(7, 0)), machine(V100), Wish())
    assert missed.reasons == ("GPU 0: compute capability 7.0, bf16 needs 7.5",)


def test_every_guard_says_where_it_can_be_read():
    assert all(guard.source and guard.source in guard.text for guard in GUARDS)
