"""What `vllm serve` is told for a fit."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.device import Device
from orchestrator.core.fit import fit
from orchestrator.core.lora import Lora
from orchestrator.core.profile import EngineName
from orchestrator.core.vllm_arguments import FLAGS, vllm_arguments
from orchestrator.core.vllm_environment import vllm_environment
from orchestrator.core.vllm_launch import VllmLaunch
from orchestrator.core.vllm_options import KvCacheDtype, MmEncoderTpMode, VllmOptions
from orchestrator.core.wish import Wish
from tests.core.machines import A100_80, BY_NAME, H100_80, T4, machine

LAUNCH = VllmLaunch("/models/one", ("qwen3.5-27b", "qwen3.5-27b-fp8"), max_num_queued_reqs=260, shutdown_timeout_s=4)
ON_GPU = fit(BY_NAME["qwen3.5-27b-fp8"], machine(H100_80), Wish(max_model_len=32_768, max_num_seqs=4))
ON_CPU = fit(BY_NAME["qwen3.5-0.8b-bf16"], machine(), Wish(engine=EngineName.VLLM, device=Device.CPU, max_num_seqs=4))
TEXT_ONLY = replace(ON_GPU, vllm=replace(ON_GPU.vllm, language_model_only=True))
NAMES = [row.name for row in FLAGS]

OPTIONS = st.builds(
    VllmOptions,
    kv_cache_dtype=st.sampled_from(KvCacheDtype),
    enable_prefix_caching=st.booleans(),
    num_speculative_tokens=st.integers(0, 3),
    max_num_batched_tokens=st.integers(256, 16_384),
    enforce_eager=st.booleans(),
    language_model_only=st.booleans(),
    enable_expert_parallel=st.booleans(),
    mm_encoder_tp_mode=st.sampled_from(MmEncoderTpMode),
    max_loras=st.integers(0, 4),
)
LORAS = st.lists(st.builds(Lora, st.text("abc-.", min_size=1), st.text("/ab,= {}", min_size=1)), max_size=3)


def with_options(**options):
    return replace(ON_GPU, vllm=replace(ON_GPU.vllm, **options))


def test_a_fit_on_a_gpu_is_told_word_for_word():
    assert vllm_arguments(ON_GPU, LAUNCH) == (
        "/models/one",
        *("--served-model-name", "qwen3.5-27b", "qwen3.5-27b-fp8"),
        "--dtype=auto",
        "--tensor-parallel-size=1",
        "--pipeline-parallel-size=1",
        "--max-model-len=32768",
        "--max-num-seqs=4",
        "--max-num-batched-tokens=2048",
        "--gpu-memory-utilization=0.92",
        "--kv-cache-dtype=auto",
        "--enable-prefix-caching",
        '--limit-mm-per-prompt={"image":32,"video":1}',
        "--allowed-media-domains=none.invalid",
        "--reasoning-parser=qwen3",
        "--enable-auto-tool-choice",
        "--tool-call-parser=qwen3_coder",
        "--max-num-queued-reqs=260",
        "--shutdown-timeout=4",
        "--disable-fastapi-docs",
        "--disable-uvicorn-access-log",
    )


@given(OPTIONS, st.sampled_from([1, 2, 8]), LORAS)
def test_every_word_is_known_stands_once_and_in_the_order_of_the_table(options, size, loras):
    launch = replace(LAUNCH, loras=tuple(loras))
    _, *words = vllm_arguments(replace(ON_GPU, vllm=options, tensor_parallel_size=size), launch)
    places = [NAMES.index(word.partition("=")[0]) for word in words if word.startswith("--")]
    assert places == sorted(set(places))


@given(OPTIONS)
def test_what_contradicts_itself_is_never_said(options):
    words = set(vllm_arguments(replace(ON_GPU, vllm=options, tensor_parallel_size=2), LAUNCH))
    named = {word.partition("=")[0] for word in words}
    assert len({"--enable-prefix-caching", "--no-enable-prefix-caching"} & words) == 1
    assert not {"--language-model-only", "--mm-encoder-tp-mode"} <= named
    assert not {"--language-model-only", "--limit-mm-per-prompt"} <= named
    assert ("--enable-lora" in words) == ("--max-loras" in named) == ("--max-lora-rank" in named)


@given(OPTIONS, LORAS)
def test_no_fit_opens_what_shall_stay_closed(options, loras):
    words = vllm_arguments(replace(ON_GPU, vllm=options), replace(LAUNCH, loras=tuple(loras)))
    named = {word.partition("=")[0] for word in words}
    assert not named & {"--trust-remote-code", "--enable-log-requests", "--allowed-local-media-path", "--api-key"}
    assert "--allowed-media-domains=none.invalid" in words


@given(LORAS)
def test_adapters_come_back_out_of_their_words(loras):
    words = vllm_arguments(ON_GPU, replace(LAUNCH, loras=tuple(loras)))
    given_words = words[words.index("--lora-modules") + 1 :][: len(loras)] if loras else ()
    assert [Lora(**json.loads(word)) for word in given_words] == loras


def test_a_cpu_is_given_bytes_for_its_pool_and_no_share():
    words = vllm_arguments(ON_CPU, LAUNCH)
    pool_parts = [part.bytes for part in ON_CPU.memory.parts if part.name in ("kv_cache", "recurrent_state")]
    assert f"--kv-cache-memory-bytes={sum(pool_parts) + ON_CPU.pool.bytes_per_block}" in words  # and the null block
    assert "--mm-processor-cache-gb=0" in words
    assert not any(word.startswith("--gpu-memory-utilization") for word in words)


def test_a_share_that_was_lowered_is_told():
    assert "--gpu-memory-utilization=0.8" in vllm_arguments(ON_GPU, replace(LAUNCH, gpu_memory_utilization=0.8))


def test_text_only_is_said_for_whatever_reads_no_image():
    article = fit(BY_NAME["qwen3.5-72b-a14b-gptq"], machine(A100_80), Wish())
    limits = replace(ON_GPU.profile.model.limits, images_per_request=0)
    no_images = replace(ON_GPU, profile=replace(ON_GPU.profile, model=replace(ON_GPU.profile.model, limits=limits)))
    for one in (TEXT_ONLY, article, no_images):
        assert "--language-model-only" in vllm_arguments(one, LAUNCH)
    assert "--language-model-only" not in vllm_arguments(ON_GPU, LAUNCH)


def test_below_compute_capability_8_it_computes_in_float16():
    old = fit(BY_NAME["qwen3.5-27b-gptq"], machine(*[T4] * 4), Wish())
    assert "--dtype=float16" in vllm_arguments(old, LAUNCH)
    assert any(note.startswith("float16 in place of bfloat16") for note in old.notes)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"num_speculative_tokens": 2}, '--speculative-config={"method":"mtp","num_speculative_tokens":2}'),
        ({"kv_cache_dtype": KvCacheDtype.FP8}, "--kv-cache-dtype=fp8"),
        ({"max_loras": 3, "max_lora_rank": 64}, "--max-lora-rank=64"),
        ({"enable_expert_parallel": True}, "--enable-expert-parallel"),
        ({"enforce_eager": True}, "--enforce-eager"),
    ],
)
def test_an_option_that_memory_was_planned_for_is_told(options, word):
    assert word in vllm_arguments(with_options(**options), LAUNCH)
    assert word not in vllm_arguments(ON_GPU, LAUNCH)


def test_the_server_reports_to_nobody_and_fetches_nothing():
    variables = dict(vllm_environment(ON_GPU, LAUNCH))
    assert variables["HF_HUB_OFFLINE"] == variables["VLLM_NO_USAGE_STATS"] == variables["DO_NOT_TRACK"] == "1"
    assert variables["VLLM_SERVER_DEV_MODE"] == variables["VLLM_MEDIA_URL_ALLOW_REDIRECTS"] == "0"
    assert variables["VLLM_API_KEY"] == ""


def test_replicas_that_share_a_cpu_are_not_bound_to_the_same_cores():
    alone = dict(vllm_environment(ON_CPU, replace(LAUNCH, threads=8)))
    shared = dict(vllm_environment(replace(ON_CPU, replicas_per_host=2), replace(LAUNCH, threads=8)))
    assert "OMP_NUM_THREADS" not in alone
    assert (shared["VLLM_CPU_OMP_THREADS_BIND"], shared["OMP_NUM_THREADS"]) == ("nobind", "8")
