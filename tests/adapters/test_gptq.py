"""The demo's 4-bit checkpoint: AutoGPTQ's layout, the nearest steps, and BF16 where the official ones have it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as any_array

from orchestrator.adapters.demo_model import make_demo_checkpoint
from orchestrator.adapters.demo_model.dimensions import ARCHITECTURES
from orchestrator.adapters.demo_model.gptq import GROUP_SIZE, QUANTIZATION_CONFIG, packed, rounded
from orchestrator.adapters.demo_model.weights import LEAST, demo_weights, exact, with_single_projections
from orchestrator.core.profile import Precision
from tests.adapters.gptq_reader import dequantized, restored
from tests.adapters.safetensors_file import arrays, header

NUMBERS = st.floats(-8, 8, width=32)
MATRICES = st.tuples(st.integers(1, 3), st.integers(1, 3)).flatmap(
    lambda times: any_array(np.float32, (8 * times[0], GROUP_SIZE * times[1]), elements=NUMBERS)
)
LEFT_OUT = [key.removeprefix("-:") for key in QUANTIZATION_CONFIG["dynamic"] if key.startswith("-:")]  # type: ignore[attr-defined]


@given(matrix=MATRICES)
def test_what_is_stored_is_the_nearest_step_of_every_weight(matrix: Any) -> None:
    stored = dequantized(**packed(matrix))
    scales, _ = rounded(matrix)
    of_each = np.repeat(scales, GROUP_SIZE, axis=1)
    nearest = np.clip(np.rint(matrix / of_each), -8, 7) * of_each
    assert stored.shape == matrix.shape
    assert np.array_equal(stored, nearest.astype(np.float32))


@given(matrix=MATRICES)
def test_no_weight_is_moved_by_more_than_half_a_step(matrix: Any) -> None:
    """The largest of a group is 7.5 steps; that and the step's own rounding to 8 bits are what is beyond a half."""
    scales, _ = rounded(matrix)
    step = np.repeat(scales, GROUP_SIZE, axis=1)
    assert (np.abs(dequantized(**packed(matrix)) - matrix) <= step * (0.5 + 7.5 * 2**-8)).all()


@given(matrix=MATRICES)
def test_a_step_is_a_number_that_bfloat16_and_float16_hold(matrix: Any) -> None:
    scales, _ = rounded(matrix)
    assert (scales >= LEAST).all()
    assert np.array_equal(exact(scales), scales)
    assert np.array_equal(scales.astype(np.float16).astype(np.float32), scales)


def test_a_group_of_zeros_stays_zeros() -> None:
    assert not dequantized(**packed(np.zeros((8, GROUP_SIZE), np.float32))).any()


@pytest.mark.parametrize("model", ARCHITECTURES)
def test_the_checkpoint_holds_every_weight_and_in_bfloat16_exactly(tmp_path: Path, model: str) -> None:
    stored = restored(arrays(make_demo_checkpoint(tmp_path, model, Precision.GPTQ) / "model.safetensors"))
    single = with_single_projections(demo_weights(ARCHITECTURES[model]))
    for name, tensor in single.items():
        if name in stored and ".mlp." not in name:
            assert np.array_equal(stored[name], tensor)
    assert sum(tensor.size for tensor in stored.values()) == sum(tensor.size for tensor in single.values())


@pytest.mark.parametrize(
    ("model", "quantised"), [("demo", r"\.mlp\.(gate|up|down)_proj$"), ("demo-moe", r"\.mlp\.experts\.\d+\.\w+_proj$")]
)
def test_only_the_feed_forward_matrices_or_the_routed_experts_are_quantised(
    tmp_path: Path, model: str, quantised: str
) -> None:
    folder = make_demo_checkpoint(tmp_path, model, Precision.GPTQ)
    kinds = {name: entry["dtype"] for name, entry in header(folder / "model.safetensors").items()}
    in_4_bits = {name.rpartition(".")[0] for name, kind in kinds.items() if kind != "BF16"}
    assert in_4_bits
    assert all(re.search(quantised, name) for name in in_4_bits)
    assert not any(re.match(pattern, name) for pattern in LEFT_OUT for name in in_4_bits)
    assert {kinds[name] for name in kinds if "attn" in name or "shared_expert" in name} == {"BF16"}
    assert json.loads((folder / "config.json").read_text())["quantization_config"] == QUANTIZATION_CONFIG
