"""Random weights of a vision encoder, named as transformers' `Qwen3_5VisionModel` names them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from orchestrator.core.parameters import IMAGE_CHANNELS, VISION_POSITIONS
from orchestrator.core.profile import Vision

Array = NDArray[np.float32]
Tensors = Iterator[tuple[str, Array]]


def vision_tensors(rng: np.random.RandomState, v: Vision, constant: float) -> Tensors:
    """All of it; what it makes of an image carries `constant` in its last dimension, as every token does."""
    shape = (v.hidden_size, IMAGE_CHANNELS, v.temporal_patch_size, v.patch_size, v.patch_size)
    yield "patch_embed.proj.weight", _normal(rng, *shape, scale=int(np.prod(shape[1:])) ** -0.5)
    yield "patch_embed.proj.bias", _normal(rng, v.hidden_size, scale=0.1)
    yield "pos_embed.weight", _normal(rng, VISION_POSITIONS, v.hidden_size, scale=0.5)
    for layer in range(v.depth):
        yield from ((f"blocks.{layer}.{name}", tensor) for name, tensor in _block(rng, v))
    yield from _merger(rng, v, constant)


def _block(rng: np.random.RandomState, v: Vision) -> Tensors:
    yield from _norm(rng, "norm1", v.hidden_size)
    yield from _norm(rng, "norm2", v.hidden_size)
    yield from _linear(rng, "attn.qkv", 3 * v.hidden_size, v.hidden_size)
    yield from _linear(rng, "attn.proj", v.hidden_size, v.hidden_size)
    yield from _linear(rng, "mlp.linear_fc1", v.intermediate_size, v.hidden_size)
    yield from _linear(rng, "mlp.linear_fc2", v.hidden_size, v.intermediate_size)


def _merger(rng: np.random.RandomState, v: Vision, constant: float) -> Tensors:
    """Several patches side by side become one token of the text model."""
    merged = v.hidden_size * v.spatial_merge_size**2
    yield from _norm(rng, "merger.norm", v.hidden_size)
    yield from _linear(rng, "merger.linear_fc1", merged, merged)
    (name, weight), (bias_name, bias) = _linear(rng, "merger.linear_fc2", v.out_hidden_size, merged)
    weight[-1], bias[-1] = 0, constant
    yield name, 2 * weight
    yield bias_name, bias


def _linear(rng: np.random.RandomState, name: str, outputs: int, inputs: int) -> Tensors:
    yield f"{name}.weight", _normal(rng, outputs, inputs, scale=inputs**-0.5)
    yield f"{name}.bias", _normal(rng, outputs, scale=0.1)


def _norm(rng: np.random.RandomState, name: str, width: int) -> Tensors:
    yield f"{name}.weight", 1 + _normal(rng, width, scale=0.1)
    yield f"{name}.bias", _normal(rng, width, scale=0.1)


def _normal(rng: np.random.RandomState, *shape: int, scale: float) -> Array:
    return (rng.standard_normal(shape) * scale).astype(np.float32)
