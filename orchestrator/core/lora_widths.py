"""What each module of a Qwen 3.5 architecture takes and gives, as far as vLLM puts an adapter on it.

Module names and dimensions as in transformers 5.23.0 (models/qwen3_5, models/qwen3_5_moe).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from orchestrator.core.parameters import convolved_channels
from orchestrator.core.profile import Architecture, Experts


@dataclass(frozen=True)
class Width:
    """Of one module; `copies` of experts lie side by side in the rank's dimension."""

    inputs: int
    outputs: int
    copies: int = 1


Widths = Mapping[str, Width]


@lru_cache(maxsize=1024)
def layer_widths(architecture: Architecture, layer: int) -> Widths:
    """The modules of a layer, by their names in it; single experts are left to `expert_widths`."""
    every = architecture.num_hidden_layers // architecture.full_attention_layers
    mixer = _attention(architecture) if (layer + 1) % every == 0 else _gated_delta_net(architecture)
    return {**mixer, **_feed_forward(architecture)}


def expert_widths(architecture: Architecture, experts: Experts) -> Widths:
    """The projections of one expert."""
    return _swiglu("", architecture.hidden_size, experts.moe_intermediate_size)


def end_widths(architecture: Architecture) -> Widths:
    """Embedding and head."""
    a = architecture
    return {"embed_tokens": Width(a.vocab_size, a.hidden_size), "lm_head": Width(a.hidden_size, a.vocab_size)}


def _attention(a: Architecture) -> Widths:
    """Queries come with their output gates, and so twice as wide."""
    query, key = a.num_attention_heads * a.head_dim, a.num_key_value_heads * a.head_dim
    return {
        "self_attn.q_proj": Width(a.hidden_size, 2 * query),
        "self_attn.k_proj": Width(a.hidden_size, key),
        "self_attn.v_proj": Width(a.hidden_size, key),
        "self_attn.o_proj": Width(query, a.hidden_size),
    }


def _gated_delta_net(a: Architecture) -> Widths:
    """All but the convolution, which is no matrix."""
    value, heads = a.linear_num_value_heads * a.linear_value_head_dim, a.linear_num_value_heads
    return {
        "linear_attn.in_proj_qkv": Width(a.hidden_size, convolved_channels(a)),
        "linear_attn.in_proj_z": Width(a.hidden_size, value),
        "linear_attn.in_proj_b": Width(a.hidden_size, heads),
        "linear_attn.in_proj_a": Width(a.hidden_size, heads),
        "linear_attn.out_proj": Width(value, a.hidden_size),
    }


def _feed_forward(a: Architecture) -> Widths:
    if a.experts is None:
        return _swiglu("mlp.", a.hidden_size, a.intermediate_size or 0)
    return _experts(a.hidden_size, a.experts, fused=a.vision is not None)


def _swiglu(before: str, hidden: int, width: int) -> Widths:
    return {
        f"{before}gate_proj": Width(hidden, width),
        f"{before}up_proj": Width(hidden, width),
        f"{before}down_proj": Width(width, hidden),
    }


def _experts(hidden: int, experts: Experts, fused: bool) -> Widths:
    """Router, shared expert with its gate; and as one parameter each, the experts' gate and up, and their down."""
    count, width = experts.num_experts, experts.moe_intermediate_size
    routed = {
        "mlp.experts.base_layer": Width(hidden, 2 * width, count),
        "mlp.experts": Width(width, hidden, count),
    }
    return {
        "mlp.gate": Width(hidden, count),
        "mlp.shared_expert_gate": Width(hidden, 1),
        **_swiglu("mlp.shared_expert.", hidden, experts.shared_expert_intermediate_size),
        **(routed if fused else {}),
    }
