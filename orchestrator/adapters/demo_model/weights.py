"""The demo's random weights, named as transformers names them, always the same.

Every value is a bfloat16 that a float16 holds too, so the GGUF file and the checkpoint are the same numbers.
The layout is that of `Qwen3_5ForCausalLM`, text only: transformers and vLLM register it, and both take its
`model.layers…` as it stands, where the full model would need a vision encoder that nothing here would use.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from orchestrator.adapters.demo_model import dimensions as d
from orchestrator.adapters.demo_model.tokenizer import IM_END, demo_tokenizer

Array = NDArray[np.float32]

SEED = 35
CONSTANT = 4.0  # what every token carries through the model in its last dimension; no layer writes there
UNPRINTABLE = -10.0  # times about 2, what the last norm leaves of the constant: so many nats less likely
END_OF_MESSAGE = -2.0  # likewise: possible, yet `max_tokens` decides
LEAST = 2.0**-14


def demo_weights() -> dict[str, Array]:
    """All tensors by name; norms are stored as their distance from 1, as Qwen 3.5 does."""
    rng = np.random.RandomState(SEED)  # its stream is frozen, while default_rng's may change with NumPy (NEP 19)
    tensors = {"model.embed_tokens.weight": _embedding(rng)}
    for layer in range(d.NUM_HIDDEN_LAYERS):
        prefix = f"model.layers.{layer}."
        mixer = _attention(rng) if d.is_full_attention(layer) else _gated_delta_net(rng)
        tensors |= {prefix + name: tensor for name, tensor in (*mixer, *_mlp_and_norms(rng))}
    tensors["model.norm.weight"] = _zeros(d.HIDDEN_SIZE)
    tensors["lm_head.weight"] = _head(rng)
    return {name: exact(tensor) for name, tensor in tensors.items()}


def exact(values: Array) -> Array:
    """Round to bfloat16 (8 bits of mantissa) and drop what is too small for a normal float16."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = ((bits + 0x8000) & np.uint32(0xFFFF0000)).view(np.float32)
    return np.where(np.abs(rounded) < LEAST, np.float32(0), rounded)


def _embedding(rng: np.random.RandomState) -> Array:
    table = _normal(rng, len(demo_tokenizer().tokens), d.HIDDEN_SIZE, scale=1.0)
    table[:, -1] = CONSTANT
    return table


def _head(rng: np.random.RandomState) -> Array:
    """The constant, which every token carries, speaks here against what a stream of text should not hold."""
    tokenizer = demo_tokenizer()
    table = _normal(rng, len(tokenizer.tokens), d.HIDDEN_SIZE, scale=0.12)
    table[:, -1] = [0 if tokenizer.is_printable(i) else UNPRINTABLE for i in range(len(tokenizer.tokens))]
    table[tokenizer.ids[IM_END], -1] = END_OF_MESSAGE
    return table


def _attention(rng: np.random.RandomState) -> Iterator[tuple[str, Array]]:
    q_dim, kv_dim = d.NUM_ATTENTION_HEADS * d.HEAD_DIM, d.NUM_KEY_VALUE_HEADS * d.HEAD_DIM
    yield "self_attn.q_proj.weight", _normal(rng, 2 * q_dim, d.HIDDEN_SIZE)  # per head: query, then gate
    yield "self_attn.k_proj.weight", _normal(rng, kv_dim, d.HIDDEN_SIZE)
    yield "self_attn.v_proj.weight", _normal(rng, kv_dim, d.HIDDEN_SIZE)
    yield "self_attn.o_proj.weight", _output(rng, q_dim)
    yield "self_attn.q_norm.weight", _normal(rng, d.HEAD_DIM, scale=0.1)
    yield "self_attn.k_norm.weight", _normal(rng, d.HEAD_DIM, scale=0.1)


def _gated_delta_net(rng: np.random.RandomState) -> Iterator[tuple[str, Array]]:
    heads = d.LINEAR_NUM_VALUE_HEADS
    yield "linear_attn.in_proj_qkv.weight", _normal(rng, d.CONV_DIM, d.HIDDEN_SIZE)
    yield "linear_attn.in_proj_z.weight", _normal(rng, d.VALUE_DIM, d.HIDDEN_SIZE)
    yield "linear_attn.in_proj_b.weight", _normal(rng, heads, d.HIDDEN_SIZE)
    yield "linear_attn.in_proj_a.weight", _normal(rng, heads, d.HIDDEN_SIZE)
    yield "linear_attn.conv1d.weight", _normal(rng, d.CONV_DIM, 1, d.LINEAR_CONV_KERNEL_DIM, scale=0.5)
    yield "linear_attn.dt_bias", _normal(rng, heads, scale=0.5)
    yield "linear_attn.A_log", np.log(rng.uniform(1, 4, heads)).astype(np.float32)
    yield "linear_attn.norm.weight", 1 + _normal(rng, d.LINEAR_HEAD_DIM, scale=0.1)
    yield "linear_attn.out_proj.weight", _output(rng, d.VALUE_DIM)


def _mlp_and_norms(rng: np.random.RandomState) -> Iterator[tuple[str, Array]]:
    yield "mlp.gate_proj.weight", _normal(rng, d.INTERMEDIATE_SIZE, d.HIDDEN_SIZE)
    yield "mlp.up_proj.weight", _normal(rng, d.INTERMEDIATE_SIZE, d.HIDDEN_SIZE)
    yield "mlp.down_proj.weight", _output(rng, d.INTERMEDIATE_SIZE)
    yield "input_layernorm.weight", _normal(rng, d.HIDDEN_SIZE, scale=0.1)
    yield "post_attention_layernorm.weight", _normal(rng, d.HIDDEN_SIZE, scale=0.1)


def _output(rng: np.random.RandomState, inputs: int) -> Array:
    """A projection back to the hidden state, [hidden, inputs], that leaves its last dimension alone."""
    matrix = _normal(rng, d.HIDDEN_SIZE, inputs)
    matrix[-1] = 0
    return matrix


def _normal(rng: np.random.RandomState, *shape: int, scale: float | None = None) -> Array:
    """Normal numbers; a matrix without `scale` keeps the size of what it multiplies."""
    size = scale if scale is not None else shape[-1] ** -0.5
    return (rng.standard_normal(shape) * size).astype(np.float32)


def _zeros(*shape: int) -> Array:
    return np.zeros(shape, np.float32)
