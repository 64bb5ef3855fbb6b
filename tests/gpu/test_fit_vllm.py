"""The plan's memory against real vLLM on a real GPU, with random weights of real dimensions."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.fit_vllm import GIB, MODELS, boot, options_of, predicted, printed, reduced, weights_bytes
from orchestrator.adapters.demo_model.checkpoint import config
from orchestrator.adapters.probe import probe
from orchestrator.core.parameters import text_parameters

LOG = """\
INFO [gpu_model_runner.py:5089] Model loading took 3.45 GiB memory and 2.100000 seconds
INFO [gpu_worker.py:773] Available KV cache memory: 66.12 GiB
INFO [kv_cache_utils.py] GPU KV cache size: 1,022,875 tokens, Maximum concurrency for 32,768 tokens per request: 31.22x
"""  # the format strings of vLLM 0.33.0


def test_a_start_up_log_is_read() -> None:
    seen = printed(LOG)
    assert (seen.weights_gib, seen.pool_gib, seen.tokens, seen.concurrency) == (3.45, 66.12, 1_022_875, 31.22)


def test_a_log_that_lacks_a_line_is_refused() -> None:
    with pytest.raises(ValueError, match="pool_gib"):
        printed("Model loading took 3.45 GiB memory")


@pytest.mark.parametrize("name", MODELS)
def test_the_reduced_model_keeps_its_dimensions(name: str) -> None:
    architecture, data = reduced(name), config(reduced(name))
    assert len(data["layer_types"]) == data["num_hidden_layers"] == architecture.num_hidden_layers
    assert data["layer_types"].count("full_attention") == architecture.full_attention_layers
    assert ("num_experts" in data) == (architecture.experts is not None)
    assert text_parameters(architecture) > 0


@pytest.mark.gpu
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", MODELS)
def test_the_pool_holds_as_many_tokens_as_planned(name: str, tmp_path: Path) -> None:
    pytest.importorskip("vllm")
    options, architecture = options_of(probe(tmp_path)), reduced(name)
    seen = boot(tmp_path, architecture)
    low, high = predicted(architecture, options, seen.pool_gib)
    assert low.kv_cache_tokens <= seen.tokens <= high.kv_cache_tokens
    assert seen.weights_gib * GIB == pytest.approx(weights_bytes(architecture, options), rel=0.02)
