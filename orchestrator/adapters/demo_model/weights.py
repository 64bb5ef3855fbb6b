"""The demo's random weights, named as transformers names them, always the same.

Every value is a bfloat16 that a float16 holds too, so the GGUF file and the checkpoint are the same numbers.
The layout is that of `Qwen3_5ForCausalLM` and `Qwen3_5MoeForCausalLM`, which have no vision encoder: transformers and
vLLM register both. Where there is an encoder, its tensors follow and change none of the text model's.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from orchestrator.adapters.demo_model.dimensions import is_full_attention
from orchestrator.adapters.demo_model.tokenizer import IM_END, demo_tokenizer
from orchestrator.adapters.demo_model.vision_weights import vision_tensors
from orchestrator.core.parameters import convolved_channels
from orchestrator.core.profile import Architecture, Experts

Array = NDArray[np.float32]

SEED = 35
CONSTANT = 4.0  # what every token carries through the model in its last dimension; no layer writes there
UNPRINTABLE = -10.0  # times about 2, what the last norm leaves of the constant: so many nats less likely
END_OF_MESSAGE = -2.0  # likewise: possible, yet `max_tokens` decides
LEAST = 2.0**-14
FUSED = "experts.gate_up_proj"
VISUAL = "model.visual."


def demo_weights(a: Architecture) -> dict[str, Array]:
    """All tensors by name; norms are stored as their distance from 1, as Qwen 3.5 does."""
    rng = np.random.RandomState(SEED)  # its stream is frozen, while default_rng's may change with NumPy (NEP 19)
    tensors = {"model.embed_tokens.weight": _embedding(rng, a)}
    for layer in range(a.num_hidden_layers):
        prefix = f"model.layers.{layer}."
        mixer = _attention(rng, a) if is_full_attention(layer) else _gated_delta_net(rng, a)
        tensors |= {prefix + name: tensor for name, tensor in (*mixer, *_feed_forward(rng, a), *_norms(rng, a))}
    tensors["model.norm.weight"] = np.zeros(a.hidden_size, np.float32)
    tensors["lm_head.weight"] = _head(rng, a)
    tensors |= {VISUAL + name: tensor for name, tensor in vision_tensors(rng, a.vision, CONSTANT)} if a.vision else {}
    return {name: exact(tensor) for name, tensor in tensors.items()}


def of_text(weights: dict[str, Array]) -> dict[str, Array]:
    """Without the vision encoder's."""
    return {name: tensor for name, tensor in weights.items() if not name.startswith(VISUAL)}


def of_vision(weights: dict[str, Array]) -> dict[str, Array]:
    """The vision encoder's, by their names within it."""
    return {name.removeprefix(VISUAL): tensor for name, tensor in weights.items() if name.startswith(VISUAL)}


def with_single_projections(weights: dict[str, Array]) -> dict[str, Array]:
    """The same tensors, but the experts' gate and up projections apart, which transformers keeps in one."""
    single: dict[str, Array] = {}
    for name, tensor in weights.items():
        if name.endswith(FUSED):
            stem = name.removesuffix("gate_up_proj")
            single[f"{stem}gate_proj"], single[f"{stem}up_proj"] = np.split(tensor, 2, axis=1)
        else:
            single[name] = tensor
    return single


def exact(values: Array) -> Array:
    """Round to bfloat16 (8 bits of mantissa) and drop what is too small for a normal float16."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = ((bits + 0x8000) & np.uint32(0xFFFF0000)).view(np.float32)
    return np.where(np.abs(rounded) < LEAST, np.float32(0), rounded)


def _embedding(rng: np.random.RandomState, a: Architecture) -> Array:
    table = _normal(rng, a.vocab_size, a.hidden_size, scale=1.0)
    table[:, -1] = CONSTANT
    return table


def _head(rng: np.random.RandomState, a: Architecture) -> Array:
    """The constant, which every token carries, speaks here against what a stream of text should not hold."""
    tokenizer = demo_tokenizer()
    table = _normal(rng, a.vocab_size, a.hidden_size, scale=0.12)
    table[:, -1] = [0 if tokenizer.is_printable(i) else UNPRINTABLE for i in range(a.vocab_size)]
    table[tokenizer.ids[IM_END], -1] = END_OF_MESSAGE
    return table


def _attention(rng: np.random.RandomState, a: Architecture) -> Iterator[tuple[str, Array]]:
    q_dim, kv_dim = a.num_attention_heads * a.head_dim, a.num_key_value_heads * a.head_dim
    yield "self_attn.q_proj.weight", _normal(rng, 2 * q_dim, a.hidden_size)  # per head: query, then gate
    yield "self_attn.k_proj.weight", _normal(rng, kv_dim, a.hidden_size)
    yield "self_attn.v_proj.weight", _normal(rng, kv_dim, a.hidden_size)
    yield "self_attn.o_proj.weight", _output(rng, a.hidden_size, q_dim)
    yield "self_attn.q_norm.weight", _normal(rng, a.head_dim, scale=0.1)
    yield "self_attn.k_norm.weight", _normal(rng, a.head_dim, scale=0.1)


def _gated_delta_net(rng: np.random.RandomState, a: Architecture) -> Iterator[tuple[str, Array]]:
    heads, channels = a.linear_num_value_heads, convolved_channels(a)
    value_dim = heads * a.linear_value_head_dim
    yield "linear_attn.in_proj_qkv.weight", _normal(rng, channels, a.hidden_size)
    yield "linear_attn.in_proj_z.weight", _normal(rng, value_dim, a.hidden_size)
    yield "linear_attn.in_proj_b.weight", _normal(rng, heads, a.hidden_size)
    yield "linear_attn.in_proj_a.weight", _normal(rng, heads, a.hidden_size)
    yield "linear_attn.conv1d.weight", _normal(rng, channels, 1, a.linear_conv_kernel_dim, scale=0.5)
    yield "linear_attn.dt_bias", _normal(rng, heads, scale=0.5)
    yield "linear_attn.A_log", np.log(rng.uniform(1, 4, heads)).astype(np.float32)
    yield "linear_attn.norm.weight", 1 + _normal(rng, a.linear_value_head_dim, scale=0.1)
    yield "linear_attn.out_proj.weight", _output(rng, a.hidden_size, value_dim)


def _feed_forward(rng: np.random.RandomState, a: Architecture) -> Iterator[tuple[str, Array]]:
    if a.experts is None:
        yield from _mlp(rng, "mlp", a.hidden_size, a.intermediate_size or 0)
        return
    yield from _experts(rng, a.hidden_size, a.experts)
    yield from _mlp(rng, "mlp.shared_expert", a.hidden_size, a.experts.shared_expert_intermediate_size)
    yield "mlp.shared_expert_gate.weight", _normal(rng, 1, a.hidden_size)


def _experts(rng: np.random.RandomState, hidden: int, experts: Experts) -> Iterator[tuple[str, Array]]:
    """The router, and all experts in one tensor of [expert, outputs, inputs], as transformers stacks them."""
    count, width = experts.num_experts, experts.moe_intermediate_size
    yield "mlp.gate.weight", _normal(rng, count, hidden)
    yield f"mlp.{FUSED}", _normal(rng, count, 2 * width, hidden)
    yield "mlp.experts.down_proj", _output(rng, count, hidden, width)


def _mlp(rng: np.random.RandomState, name: str, hidden: int, width: int) -> Iterator[tuple[str, Array]]:
    yield f"{name}.gate_proj.weight", _normal(rng, width, hidden)
    yield f"{name}.up_proj.weight", _normal(rng, width, hidden)
    yield f"{name}.down_proj.weight", _output(rng, hidden, width)


def _norms(rng: np.random.RandomState, a: Architecture) -> Iterator[tuple[str, Array]]:
    yield "input_layernorm.weight", _normal(rng, a.hidden_size, scale=0.1)
    yield "post_attention_layernorm.weight", _normal(rng, a.hidden_size, scale=0.1)


def _output(rng: np.random.RandomState, *shape: int) -> Array:
    """Projections back to the hidden state, [..., hidden, inputs], that leave its last dimension alone."""
    matrix = _normal(rng, *shape)
    matrix[..., -1, :] = 0
    return matrix


def _normal(rng: np.random.RandomState, *shape: int, scale: float | None = None) -> Array:
    """Normal numbers; a matrix without `scale` keeps the size of what it multiplies."""
    size = scale if scale is not None else shape[-1] ** -0.5
    return (rng.standard_normal(shape) * size).astype(np.float32)
