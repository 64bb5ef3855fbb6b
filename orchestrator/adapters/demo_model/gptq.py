"""4-bit weights in AutoGPTQ's layout, of the parts that the official Qwen 3.5 GPTQ-Int4 checkpoints quantise.

GPTQ proper chooses each rounding by its effect on text that the model was made for. Random weights are made for
none, so here each weight is rounded to the nearest step; the file is of the same form.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.adapters.demo_model.weights import LEAST, Array, exact, with_single_projections

Tensor = NDArray[Any]

BITS, GROUP_SIZE = 4, 128
ZERO, MOST = 8, 15  # a symmetric weight w is stored as round(w / scale) + 8, within 0..15
IN_A_WORD = 32 // BITS
ZERO_POINTS = 0x77777777  # eight zero points in a word, each stored less one, as AutoGPTQ's first format has it

# As in Qwen/Qwen3.5-27B-GPTQ-Int4 and Qwen/Qwen3.5-35B-A3B-GPTQ-Int4: "-:" leaves modules out by regular expression.
QUANTIZATION_CONFIG = {
    "quant_method": "gptq",
    "bits": BITS,
    "group_size": GROUP_SIZE,
    "sym": True,
    "desc_act": False,
    "lm_head": False,
    "checkpoint_format": "gptq",
    "dynamic": {
        "lm_head": {},
        "model.language_model.embed_tokens": {},
        "-:.*attn.*": {},
        "-:.*shared_expert.*": {},
        "-:.*mtp.*": {},
        "-:.*visual.*": {},
    },
}
EXPERTS = ("mlp.experts.gate_proj", "mlp.experts.up_proj", "mlp.experts.down_proj")
DENSE = ("mlp.gate_proj.weight", "mlp.up_proj.weight", "mlp.down_proj.weight")


def gptq_tensors(weights: dict[str, Array]) -> dict[str, Tensor]:
    """The checkpoint's tensors: those of feed-forward matrices or routed experts in 4 bits, all others as they are."""
    stored: dict[str, Tensor] = {}
    for name, tensor in with_single_projections(weights).items():
        matrices = dict(_matrices(name, tensor))
        stored |= {f"{stem}.{part}": one for stem, matrix in matrices.items() for part, one in packed(matrix).items()}
        stored |= {} if matrices else {name: tensor}
    return stored


def packed(matrix: Array) -> dict[str, Tensor]:
    """A matrix [outputs, inputs] as its parts: integers [inputs / 8, outputs], a scale for each group of inputs."""
    outputs, inputs = matrix.shape
    scales, levels = rounded(matrix)
    return {
        "qweight": _words(levels.T),
        "qzeros": np.full((inputs // GROUP_SIZE, outputs // IN_A_WORD), ZERO_POINTS, np.int32),
        "scales": np.ascontiguousarray(scales.T, np.float16),
        "g_idx": np.arange(inputs, dtype=np.int32) // GROUP_SIZE,
    }


def rounded(matrix: Array) -> tuple[Array, NDArray[np.uint32]]:
    """Scales [outputs, groups], which bfloat16 and float16 both hold, and levels [outputs, inputs]."""
    groups = matrix.reshape(len(matrix), -1, GROUP_SIZE)
    scales = np.maximum(exact(2 / MOST * np.abs(groups).max(axis=-1)), np.float32(LEAST))
    levels = np.clip(np.rint(groups / scales[..., None]) + ZERO, 0, MOST)
    return scales, levels.astype(np.uint32).reshape(matrix.shape)


def _matrices(name: str, tensor: Array) -> Iterator[tuple[str, Array]]:
    """What is quantised of a tensor: a dense matrix, each expert's own, or nothing."""
    if name.endswith(DENSE):
        yield name.removesuffix(".weight"), tensor
    if name.endswith(EXPERTS):
        stem, projection = name.rsplit(".", 1)
        yield from ((f"{stem}.{expert}.{projection}", matrix) for expert, matrix in enumerate(tensor))


def _words(levels: NDArray[np.uint32]) -> NDArray[np.int32]:
    """Eight rows in one, the first in the lowest bits."""
    shifts = np.arange(0, 32, BITS, dtype=np.uint32)[:, None]
    eights = levels.reshape(-1, IN_A_WORD, levels.shape[1])
    words: NDArray[np.uint32] = np.bitwise_or.reduce(eights << shifts, axis=1)
    return words.view(np.int32)
