"""What vLLM sets aside for LoRA adapters when it starts: room for `max_loras` of them, whether any is loaded or not.

vLLM 0.33.0, lora/layers: every linear layer of the text model has a factor A of rank x inputs for each of its merged
matrices and a factor B of outputs x rank; tensor parallelism divides B of column-parallel layers and A of row-parallel
ones. Embedding and head are whole on every GPU, and each routed expert has factors of its own.
"""

from __future__ import annotations

from orchestrator.core.parameters import BF16_BYTES, convolved_channels
from orchestrator.core.profile import Architecture, Experts
from orchestrator.core.vllm_options import VllmOptions


def lora_bytes(architecture: Architecture, tensor_parallel_size: int, options: VllmOptions) -> int:
    """Bytes on one GPU for all adapters."""
    a, tp = architecture, tensor_parallel_size
    ends = 2 * (a.vocab_size + a.hidden_size)
    mixers = a.full_attention_layers * _attention(a, tp) + a.linear_attention_layers * _gated_delta_net(a, tp)
    width = ends + mixers + a.num_hidden_layers * _feed_forward(a, tp)
    return BF16_BYTES * options.max_loras * options.max_lora_rank * width


def _columns(inputs: int, *outputs: int, tp: int) -> int:
    """Numbers a rank of a column-parallel layer: A for each merged matrix, and its share of every B."""
    return len(outputs) * inputs + sum(outputs) // tp


def _rows(inputs: int, outputs: int, tp: int) -> int:
    """Numbers a rank of a row-parallel layer: its share of A, and all of B."""
    return inputs // tp + outputs


def _attention(a: Architecture, tp: int) -> int:
    query = a.num_attention_heads * a.head_dim
    key = max(a.num_key_value_heads, tp) * a.head_dim
    return _columns(a.hidden_size, 2 * query, key, key, tp=tp) + _rows(query, a.hidden_size, tp)


def _gated_delta_net(a: Architecture, tp: int) -> int:
    """The joint input projection, in two parts as an adapter has it, the two small ones, convolution and output."""
    channels, heads = convolved_channels(a), a.linear_num_value_heads
    value = heads * a.linear_value_head_dim
    joint = _columns(a.hidden_size, channels, value, tp=tp) + 2 * a.hidden_size
    small = _columns(a.hidden_size, heads, heads, tp=tp) + _columns(a.linear_conv_kernel_dim, channels, tp=tp)
    return joint + small + _rows(value, a.hidden_size, tp)


def _feed_forward(a: Architecture, tp: int) -> int:
    if a.experts is not None:
        return _experts(a.hidden_size, a.experts, tp)
    return _swiglu(a.hidden_size, a.intermediate_size or 0, tp)


def _swiglu(hidden: int, width: int, tp: int) -> int:
    return _columns(hidden, width, width, tp=tp) + _rows(width, hidden, tp)


def _experts(hidden: int, experts: Experts, tp: int) -> int:
    """Each expert, whose gate and up projection share one A; the shared one; router and shared gate, whole."""
    width = experts.moe_intermediate_size
    routed = experts.num_experts * (_columns(hidden, 2 * width, tp=tp) + _rows(width, hidden, tp))
    gates = hidden + experts.num_experts + hidden + 1
    return routed + _swiglu(hidden, experts.shared_expert_intermediate_size, tp) + gates
