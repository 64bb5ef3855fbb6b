"""vLLM's blocks and boot report against public start-up logs, the family's figures, and their own laws."""

from __future__ import annotations

from dataclasses import fields

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.vllm_blocks import blocks, layers_per_group
from orchestrator.core.vllm_options import (
    GdnPrefillBackend,
    KvCacheDtype,
    VllmOptions,
    gdn_prefill_backend,
    on_gpu,
)
from orchestrator.core.vllm_pool import boot_report, longest_context, start_refusal
from tests.core.family import ARCHITECTURES, DATA, MODELS

GIB = 2**30
HALF_A_DIGIT = 0.005 * GIB  # vLLM prints the pool to 0.01 GiB
LOGS = yaml.safe_load((DATA / "boot_reports.yaml").read_text())
OPTION_NAMES = {field.name for field in fields(VllmOptions)}
FLASHINFER = VllmOptions(gdn_prefill_backend=GdnPrefillBackend.FLASHINFER)


def options_of(log):
    given_options = {key: value for key, value in log.items() if key in OPTION_NAMES}
    return VllmOptions(**given_options | {"kv_cache_dtype": KvCacheDtype(log.get("kv_cache_dtype", "auto"))})


def report_of(log, pool_bytes):
    tp = log.get("tensor_parallel_size", 1)
    return boot_report(ARCHITECTURES[log["model"]], options_of(log), tp, log["max_model_len"], pool_bytes)


def printed(report):
    return report.kv_cache_tokens, f"{report.max_concurrency:.2f}"


@pytest.mark.parametrize("log", [log for log in LOGS["reports"] if "pool_gib" in log], ids=lambda log: log["source"])
def test_a_pool_of_the_printed_size_gives_what_vllm_printed(log):
    smallest, largest = (int(log["pool_gib"] * GIB + side) for side in (-HALF_A_DIGIT, HALF_A_DIGIT))
    block = report_of(log, smallest).bytes_per_block
    fewest, most = smallest // block, largest // block
    shown = [printed(report_of(log, count * block)) for count in range(fewest, most + 1)]
    expected = f"{log['concurrency']:.2f}"
    assert any(concurrency == expected and tokens == log.get("tokens", tokens) for tokens, concurrency in shown)
    assert most - fewest <= 1


@pytest.mark.parametrize("log", [log for log in LOGS["reports"] if "tokens" in log], ids=lambda log: log["source"])
def test_a_whole_number_of_blocks_gives_the_printed_tokens(log):
    unit = report_of(log, 0)
    num_blocks = round(log["tokens"] / log["max_model_len"] * unit.blocks_per_request)
    assert printed(report_of(log, num_blocks * unit.bytes_per_block)) == (log["tokens"], f"{log['concurrency']:.2f}")


def test_the_pool_of_the_35b_report_held_299_blocks():
    """5.98 GiB as printed is anything from 5.975 to 5.985; of these, pools from 5.9768 give 567,978 tokens."""
    log, fits = LOGS["reports"][0], 299 * 21_463_040
    assert fits / GIB == pytest.approx(5.9768, abs=1e-4)
    assert printed(report_of(log, fits)) == printed(report_of(log, int(5.985 * GIB))) == (567_978, "4.33")
    assert printed(report_of(log, fits - 1)) == (566_079, "4.32")


@pytest.mark.parametrize("log", LOGS["block_tokens"], ids=lambda log: log["source"])
def test_blocks_have_the_tokens_that_vllm_printed(log):
    assert blocks(ARCHITECTURES[log["model"]], 1, options_of(log)).tokens == log["tokens"]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("dtype", KvCacheDtype)
def test_every_size_has_the_blocks_that_the_formula_gives_by_hand(name, dtype):
    expected = MODELS[name]["vllm"][dtype.value]
    unit = blocks(ARCHITECTURES[name], 1, VllmOptions(kv_cache_dtype=dtype))
    assert unit.tokens == expected["block_tokens"]
    assert unit.bytes == expected["bytes_per_block"]
    assert unit.request_blocks(262_144) == expected["blocks_per_262144_request"]


def test_flashinfers_prefill_aligns_blocks_to_64_and_keeps_one_more_state_a_group():
    triton, flashinfer = (blocks(ARCHITECTURES["qwen3.5-27b"], 1, one) for one in (VllmOptions(), FLASHINFER))
    assert (triton.tokens, flashinfer.tokens) == (784, 832)
    assert (triton.state_blocks, flashinfer.state_blocks) == (6, 9)


def test_without_the_prefix_cache_a_sequence_keeps_its_running_state_alone():
    options = VllmOptions(enable_prefix_caching=False, gdn_prefill_backend=GdnPrefillBackend.FLASHINFER)
    unit = blocks(ARCHITECTURES["qwen3.5-27b"], 1, options)
    assert (unit.tokens, unit.state_blocks) == (784, 3)


def test_prediction_adds_a_layer_to_each_group_and_a_state_for_each_token():
    unit = blocks(ARCHITECTURES["qwen3.5-27b"], 1, VllmOptions(num_speculative_tokens=2))
    assert (unit.tokens, unit.bytes) == (800, 800 * 4096 * 17)  # 48 layers in 3 groups of 16, of 17 places
    assert unit.state_blocks == 3 * 4


@pytest.mark.parametrize(
    ("capability", "cuda", "backend"),
    [
        ((8, 0), 13, "triton"),
        ((8, 9), 13, "triton"),
        ((9, 0), 12, "flashinfer"),
        ((10, 0), 12, "triton"),
        ((10, 3), 13, "flashinfer"),
        ((11, 0), 13, "triton"),
        ((12, 1), 13, "flashinfer"),
    ],
)
def test_the_prefill_kernel_is_the_one_that_vllm_picks_for_the_gpu(capability, cuda, backend):
    assert gdn_prefill_backend(capability, cuda) == backend


def test_a_gpu_settles_the_kernels_and_leaves_what_was_asked_for():
    asked = VllmOptions(num_speculative_tokens=2)
    ampere, hopper = (on_gpu(asked, capability) for capability in ((8, 0), (9, 0)))
    assert (ampere.gdn_prefill_backend, ampere.native_fp8) == ("triton", False)
    assert (hopper.gdn_prefill_backend, hopper.native_fp8) == ("flashinfer", True)
    assert ampere.num_speculative_tokens == hopper.num_speculative_tokens == 2


@pytest.mark.parametrize(("attention", "linear", "expected"), [(16, 48, 16), (17, 48, 17), (12, 13, 13), (10, 15, 10)])
def test_groups_have_the_rarer_kinds_layers_unless_both_are_nearly_equal(attention, linear, expected):
    assert layers_per_group(attention, linear) == expected == layers_per_group(linear, attention)


def test_vllm_refuses_a_pool_without_room_for_one_request_beside_the_null_block():
    a = ARCHITECTURES["qwen3.5-9b"]
    fits, misses = (boot_report(a, VllmOptions(), 1, 32_768, count * 17_301_504) for count in (70, 69))
    assert start_refusal(fits, VllmOptions(), 1) is None
    assert start_refusal(misses, VllmOptions(), 1) == "one request needs 70 blocks of 17,301,504 B, 69 fit"


def test_vllm_refuses_more_sequences_than_blocks_unless_it_runs_without_cuda_graphs():
    """As vllm-project/recipes #831 met it: "max_num_seqs (1024) exceeds available Mamba cache blocks (939)"."""
    report = boot_report(ARCHITECTURES["qwen3.5-27b"], VllmOptions(), 1, 262_144, 939 * 51_380_224)
    assert start_refusal(report, VllmOptions(), 1024) == "1,024 sequences need a block each for CUDA graphs, 939 fit"
    assert start_refusal(report, VllmOptions(enforce_eager=True), 1024) is None
    assert start_refusal(report, VllmOptions(), 939) is None


options = st.builds(
    VllmOptions,
    kv_cache_dtype=st.sampled_from(KvCacheDtype),
    enable_prefix_caching=st.booleans(),
    num_speculative_tokens=st.integers(0, 3),
    gdn_prefill_backend=st.sampled_from(GdnPrefillBackend),
)
architectures = st.sampled_from(list(ARCHITECTURES.values()))
lengths = st.integers(1, 1_010_000)
pools = st.integers(0, 2**38)


@given(architectures, options, st.sampled_from([1, 2, 4, 8]), lengths, pools, pools)
def test_a_larger_pool_never_holds_less(architecture, chosen, tp, length, pool, more):
    small, large = (boot_report(architecture, chosen, tp, length, size) for size in (pool, pool + more))
    assert large.num_blocks >= small.num_blocks
    assert large.max_concurrency >= small.max_concurrency
    assert large.kv_cache_tokens >= small.kv_cache_tokens


@given(architectures, options, st.sampled_from([1, 2, 4, 8]), lengths, st.integers(0, 100_000))
def test_a_longer_request_never_takes_fewer_blocks(architecture, chosen, tp, length, more):
    unit = blocks(architecture, tp, chosen)
    assert unit.request_blocks(length + more) >= unit.request_blocks(length)


@given(architectures, options, st.integers(0, 20_000))
def test_the_longest_context_starts_and_one_token_more_does_not(architecture, chosen, num_blocks):
    unit = blocks(architecture, 1, chosen)
    longest = longest_context(unit, num_blocks)
    for length, starts in ((longest, True), (longest + 1, False)):
        report = boot_report(architecture, chosen, 1, length, num_blocks * unit.bytes)
        assert length == 0 or (start_refusal(report, chosen, 1) is None) == starts


@given(architectures, options, st.sampled_from([1, 2, 4]))
def test_a_block_is_the_smallest_that_a_state_fits(architecture, chosen, tp):
    unit, a = blocks(architecture, tp, chosen), architecture
    saves = chosen.enable_prefix_caching and chosen.gdn_prefill_backend is GdnPrefillBackend.FLASHINFER
    step = 64 if saves else 16
    token_bytes = max(1, a.num_key_value_heads // tp) * (512 if chosen.kv_cache_dtype is KvCacheDtype.FP8 else 1024)
    window = (2 * 16 + a.linear_num_value_heads) * 128 // tp * (3 + chosen.num_speculative_tokens) * 2
    state = window + a.linear_num_value_heads // tp * 128 * 128 * 4
    assert unit.tokens % step == 0
    assert (unit.tokens - step) * token_bytes < state <= unit.tokens * token_bytes


@given(architectures, options, st.sampled_from([1, 2, 4]), lengths)
def test_twice_the_gpus_need_more_of_each_by_no_more_than_the_rounding_of_blocks(architecture, chosen, tp, length):
    few, many = (blocks(architecture, size, chosen) for size in (tp, 2 * tp))
    rounding = 64 * many.bytes // many.tokens * many.request_blocks(length) + many.bytes
    assert many.bytes * many.request_blocks(length) <= few.bytes * few.request_blocks(length) + rounding
