"""How many weights a Qwen 3.5 architecture has, and the bytes of its official checkpoints, from its dimensions.

Layers as in transformers 5.23.0 (models/qwen3_5 and qwen3_5_moe); the counts equal the Hugging Face Hub's for
every published size. The quantised bytes follow the `quantization_config` of the official repositories.
"""

from __future__ import annotations

from enum import StrEnum

from orchestrator.core.profile import Architecture, Precision, Vision

IMAGE_CHANNELS = 3
VISION_POSITIONS = 48 * 48  # learned position embeddings of the vision encoder
FP8_BLOCK = 128 * 128  # weights that share one 2-byte scale
GPTQ_GROUP = 128  # weights of a column that share a 2-byte scale and a 4-bit zero point
BF16_BYTES = 2


class Fp8Scope(StrEnum):
    """What an official FP8 checkpoint quantises: Qwen3.5, 3.6 and 3.8-27B the first, Qwen3.8-2.4T the second."""

    LINEAR_LAYERS = "linear layers"
    ROUTED_EXPERTS = "routed experts"


def total_parameters(architecture: Architecture) -> int:
    """Everything in the checkpoint: text, multi-token prediction, vision."""
    a = architecture
    return text_parameters(a) + mtp_parameters(a) + (vision_parameters(a.vision) if a.vision else 0)


def text_parameters(architecture: Architecture) -> int:
    """The language model alone, which is also what a GGUF file without its projector holds."""
    embeddings = architecture.vocab_size * architecture.hidden_size * (2 - architecture.tie_word_embeddings)
    return embeddings + _trunk(architecture, _mlp(architecture))


def active_parameters(architecture: Architecture) -> int:
    """The weights read for one decoded token: the head, but of the embedding only a row, and the routed experts."""
    head = architecture.vocab_size * architecture.hidden_size
    return head + _trunk(architecture, _active_mlp(architecture))


def mtp_parameters(architecture: Architecture) -> int:
    """The multi-token-prediction layers, each a full-attention layer behind a projection of two hidden states."""
    a = architecture
    layer = 2 * a.hidden_size**2 + _attention(a) + _mlp(a) + 5 * a.hidden_size
    return a.mtp_num_hidden_layers * layer


def vision_parameters(vision: Vision) -> int:
    """The encoder's layers, its merger into the text model's width, and its patch and position embeddings."""
    h, i = vision.hidden_size, vision.intermediate_size
    merged = h * vision.spatial_merge_size**2
    patch = IMAGE_CHANNELS * vision.temporal_patch_size * vision.patch_size**2
    layers = vision.depth * (4 * h * h + 4 * h + 2 * h * i + h + i + 4 * h)
    merger = 2 * h + merged**2 + merged + merged * vision.out_hidden_size + vision.out_hidden_size
    return layers + merger + patch * h + h + VISION_POSITIONS * h


def routed_parameters(architecture: Architecture) -> int:
    """All routed experts of the text model; 0 where it is dense."""
    e = architecture.experts
    return architecture.num_hidden_layers * e.num_experts * _expert(architecture, e.moe_intermediate_size) if e else 0


def active_routed_parameters(architecture: Architecture) -> int:
    """Of the routed experts, those that one token goes to."""
    e = architecture.experts
    return routed_parameters(architecture) * e.num_experts_per_tok // e.num_experts if e else 0


def dense_feed_forward_parameters(architecture: Architecture) -> int:
    """The feed-forward matrices of a dense model; 0 where it routes to experts."""
    return 0 if architecture.experts else architecture.num_hidden_layers * _mlp(architecture)


def checkpoint_bytes(
    architecture: Architecture, precision: Precision, fp8_scope: Fp8Scope = Fp8Scope.LINEAR_LAYERS
) -> int:
    """Bytes of the official safetensors checkpoint (GGUF files follow no formula)."""
    bf16_bytes = BF16_BYTES * total_parameters(architecture)
    if precision is Precision.FP8:
        quantised = FP8_WEIGHTS[fp8_scope](architecture)
        return bf16_bytes - quantised + BF16_BYTES * quantised // FP8_BLOCK
    if precision is Precision.GPTQ:
        return bf16_bytes - BF16_BYTES * _gptq_weights(architecture) + _gptq_bytes(architecture)
    return bf16_bytes


def _trunk(a: Architecture, mlp: int) -> int:
    """All layers with `mlp` weights each in their feed-forward part, their two norms, and the last norm."""
    mixers = a.full_attention_layers * _attention(a) + a.linear_attention_layers * _gated_delta_net(a)
    return mixers + a.num_hidden_layers * (mlp + 2 * a.hidden_size) + a.hidden_size


def _attention_matrices(a: Architecture) -> int:
    """Query with its output gate (twice as wide), key, value, output."""
    query = a.num_attention_heads * a.head_dim
    return a.hidden_size * (3 * query + 2 * a.num_key_value_heads * a.head_dim)


def _attention(a: Architecture) -> int:
    return _attention_matrices(a) + 2 * a.head_dim


def _gated_delta_net_matrices(a: Architecture) -> int:
    """The joint query-key-value projection, the output gate, the output."""
    value = a.linear_num_value_heads * a.linear_value_head_dim
    return a.hidden_size * (convolved_channels(a) + 2 * value)


def _gated_delta_net(a: Architecture) -> int:
    """The matrices, two projections to a number a head, the convolution, decay and step of each head, the norm."""
    small = 2 * a.hidden_size * a.linear_num_value_heads + 2 * a.linear_num_value_heads + a.linear_value_head_dim
    return _gated_delta_net_matrices(a) + convolved_channels(a) * a.linear_conv_kernel_dim + small


def convolved_channels(a: Architecture) -> int:
    """Width of what Gated DeltaNet's convolution runs over: queries, keys and values side by side."""
    keys = a.linear_num_key_heads * a.linear_key_head_dim
    return 2 * keys + a.linear_num_value_heads * a.linear_value_head_dim


def _expert(a: Architecture, width: int) -> int:
    """Gate, up and down projection."""
    return 3 * a.hidden_size * width


def _mlp(a: Architecture) -> int:
    """A dense feed-forward part; or every expert, the shared expert with its gate, and the router."""
    if a.experts is None:
        return _expert(a, a.intermediate_size or 0)
    return a.experts.num_experts * _expert(a, a.experts.moe_intermediate_size) + _beside_experts(a)


def _active_mlp(a: Architecture) -> int:
    """What of `_mlp` one token passes through."""
    if a.experts is None:
        return _mlp(a)
    return a.experts.num_experts_per_tok * _expert(a, a.experts.moe_intermediate_size) + _beside_experts(a)


def _beside_experts(a: Architecture) -> int:
    if a.experts is None:
        return 0
    shared = _expert(a, a.experts.shared_expert_intermediate_size) + a.hidden_size
    return shared + a.experts.num_experts * a.hidden_size


def _fp8_weights(a: Architecture) -> int:
    """Those of the large matrices, in the prediction layers too; router, gates, head, embedding and vision are not."""
    mixers = a.full_attention_layers * _attention_matrices(a)
    mixers += a.linear_attention_layers * _gated_delta_net_matrices(a)
    mixers += a.mtp_num_hidden_layers * _attention_matrices(a)
    kept = (a.experts.num_experts + 1) * a.hidden_size if a.experts else 0
    return mixers + (a.num_hidden_layers + a.mtp_num_hidden_layers) * (_mlp(a) - kept)


def _fp8_expert_weights(a: Architecture) -> int:
    """The routed experts, in the prediction layers too."""
    experts = a.experts.num_experts * _expert(a, a.experts.moe_intermediate_size) if a.experts else 0
    return (a.num_hidden_layers + a.mtp_num_hidden_layers) * experts


FP8_WEIGHTS = {Fp8Scope.LINEAR_LAYERS: _fp8_weights, Fp8Scope.ROUTED_EXPERTS: _fp8_expert_weights}


def _gptq_weights(a: Architecture) -> int:
    """The dense feed-forward matrices or the routed experts: attention, shared experts and the rest stay BF16."""
    count, width = _gptq_blocks(a)
    return count * _expert(a, width)


def _gptq_bytes(a: Architecture) -> int:
    """4 bits a weight, scale and zero point of each group, and a 4-byte group index for each input of a matrix."""
    count, width = _gptq_blocks(a)
    groups = _gptq_weights(a) // GPTQ_GROUP
    return _gptq_weights(a) // 2 + 2 * groups + groups // 2 + 4 * count * (2 * a.hidden_size + width)


def _gptq_blocks(a: Architecture) -> tuple[int, int]:
    """How many feed-forward blocks are quantised, and the width of each."""
    if a.experts is None:
        return a.num_hidden_layers, a.intermediate_size or 0
    return a.num_hidden_layers * a.experts.num_experts, a.experts.moe_intermediate_size
