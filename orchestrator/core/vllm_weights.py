"""The bytes of weights on one GPU as vLLM 0.33.0 lays them out, which are not the checkpoint's.

The prediction layers stay on disk unless multi-token prediction is on, and so does the vision encoder in a text-only
model. Scales are wider than stored, and zero points go. Tensor parallelism divides matrices, but no norm, no router,
and key-value heads down to one a GPU (model_executor/models/qwen3_5.py, qwen3_next.py, qwen3_vl.py;
layers/mamba/gdn/qwen_gdn_linear_attn.py; layers/quantization/fp8.py, auto_gptq.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from orchestrator.core.parameters import (
    BF16_BYTES,
    FP8_BLOCK,
    GPTQ_GROUP,
    IMAGE_CHANNELS,
    VISION_POSITIONS,
    convolved_channels,
)
from orchestrator.core.profile import Architecture, Experts, Precision, Vision
from orchestrator.core.vllm_options import VLLM_DEFAULTS, MmEncoderTpMode, VllmOptions

FLOAT32_BYTES = 4
ROPE_TABLE_BYTES = 262144 * 64 * BF16_BYTES  # sines and cosines of a quarter of each head, for every position

NATIVE_FP8_BYTES = 1 + FLOAT32_BYTES / FP8_BLOCK  # a float32 scale for a block
MARLIN_FP8_BYTES = 1 + BF16_BYTES / GPTQ_GROUP  # Marlin spreads the scale of a block over its columns
STORED_BYTES = {  # of one quantised weight
    Precision.BF16: 2.0,
    Precision.FP8: NATIVE_FP8_BYTES,
    Precision.GPTQ: 0.5 + 2 / GPTQ_GROUP,
}
ZERO_POINT_BYTES = {Precision.GPTQ: 0.5 / GPTQ_GROUP}  # of a weight in the experts, which keep 4 bits a group
QUANTISED = {  # which matrices the official checkpoints quantise, beside the routed experts
    Precision.BF16: frozenset[str](),
    Precision.FP8: frozenset({"mlp", "attention", "linear_attention", "shared_expert", "prediction"}),
    Precision.GPTQ: frozenset({"mlp"}),
}


@dataclass(frozen=True)
class GpuWeights:
    """What one GPU holds, in bytes."""

    text: int
    prediction: int  # multi-token prediction, whose embedding and head are the text model's
    vision: int

    @property
    def bytes(self) -> int:
        return self.text + self.prediction + self.vision + ROPE_TABLE_BYTES


@dataclass(frozen=True)
class _Layout:
    """How one architecture is stored and divided."""

    a: Architecture
    precision: Precision
    tp: int
    weight_bytes: float  # of a quantised weight
    expert_parallel: bool

    def matrix(self, weights: int, part: str) -> int:
        """Bytes of a dense matrix, or of one GPU's share of it."""
        return ceil(weights * (self.weight_bytes if part in QUANTISED[self.precision] else BF16_BYTES))


def gpu_weights(
    architecture: Architecture, precision: Precision, tensor_parallel_size: int, options: VllmOptions = VLLM_DEFAULTS
) -> GpuWeights:
    """Text model; prediction layers and vision encoder only where the options load them."""
    marlin = precision is Precision.FP8 and not options.native_fp8
    weight_bytes = MARLIN_FP8_BYTES if marlin else STORED_BYTES[precision]
    layout = _Layout(architecture, precision, tensor_parallel_size, weight_bytes, options.enable_expert_parallel)
    return GpuWeights(
        text=_text(layout),
        prediction=_prediction(layout) if options.num_speculative_tokens else 0,
        vision=_vision(architecture.vision, tensor_parallel_size, options),
    )


def _text(layout: _Layout) -> int:
    a = layout.a
    embeddings = BF16_BYTES * a.vocab_size * a.hidden_size * (2 - a.tie_word_embeddings) // layout.tp
    mixers = a.full_attention_layers * _attention(layout) + a.linear_attention_layers * _gated_delta_net(layout)
    rest = _feed_forward(layout) + BF16_BYTES * 2 * a.hidden_size
    return embeddings + mixers + a.num_hidden_layers * rest + BF16_BYTES * a.hidden_size


def _prediction(layout: _Layout) -> int:
    """Full-attention layers in BF16 where the precision leaves them so, each behind its BF16 projection and norms."""
    a, quantised = layout.a, "prediction" in QUANTISED[layout.precision]
    stored = layout if quantised else replace(layout, precision=Precision.BF16, weight_bytes=BF16_BYTES)
    projection = BF16_BYTES * (2 * a.hidden_size**2 // layout.tp + 5 * a.hidden_size)
    return a.mtp_num_hidden_layers * (_attention(stored) + _feed_forward(stored) + projection)


def _attention(layout: _Layout) -> int:
    """Query, its gate and output divided by heads; at least one key-value head; the head norms whole."""
    a = layout.a
    query = 3 * a.num_attention_heads * a.head_dim // layout.tp
    key_value = 2 * max(1, a.num_key_value_heads // layout.tp) * a.head_dim
    return layout.matrix(a.hidden_size * (query + key_value), "attention") + BF16_BYTES * 2 * a.head_dim


def _gated_delta_net(layout: _Layout) -> int:
    """Projections and convolution divided by heads; decay in float32; the norm whole."""
    a, tp = layout.a, layout.tp
    channels, heads = convolved_channels(a) // tp, a.linear_num_value_heads // tp
    matrices = layout.matrix(a.hidden_size * (channels + 2 * heads * a.linear_value_head_dim), "linear_attention")
    steps = BF16_BYTES * 2 * a.hidden_size * (a.linear_num_value_heads if layout.precision is Precision.GPTQ else heads)
    per_head = (FLOAT32_BYTES + BF16_BYTES) * heads
    return matrices + steps + per_head + BF16_BYTES * (channels * a.linear_conv_kernel_dim + a.linear_value_head_dim)


def _feed_forward(layout: _Layout) -> int:
    a = layout.a
    if a.experts is not None:
        return _experts(layout, a.experts)
    return layout.matrix(3 * a.hidden_size * (a.intermediate_size or 0) // layout.tp, "mlp")


def _experts(layout: _Layout, experts: Experts) -> int:
    """Every expert divided by its width, or a share of whole ones; router and the shared expert's gate whole."""
    h, tp = layout.a.hidden_size, layout.tp
    routed = 3 * h * _routed_width(experts, layout)
    shared = layout.matrix(3 * h * experts.shared_expert_intermediate_size // tp, "shared_expert")
    stored = layout.weight_bytes + ZERO_POINT_BYTES.get(layout.precision, 0.0)
    return ceil(routed * stored) + shared + BF16_BYTES * (experts.num_experts + 1) * h


def _routed_width(experts: Experts, layout: _Layout) -> int:
    """Of all routed experts on the GPU that has the most (fused_moe/expert_map_manager.py, determine_expert_map)."""
    if layout.expert_parallel:
        return ceil(experts.num_experts / layout.tp) * experts.moe_intermediate_size
    return experts.num_experts * experts.moe_intermediate_size // layout.tp


def _vision(vision: Vision | None, tp: int, options: VllmOptions) -> int:
    """The encoder in BF16, its matrices divided, or whole on each GPU with --mm-encoder-tp-mode data."""
    if vision is None or options.language_model_only:
        return 0
    whole = options.mm_encoder_tp_mode is MmEncoderTpMode.DATA
    return BF16_BYTES * _vision_weights(vision, 1 if whole else tp)


def _vision_weights(vision: Vision, tp: int) -> int:
    """Column-parallel biases are divided with their matrices, row-parallel ones are not."""
    h, i, merged = vision.hidden_size, vision.intermediate_size, vision.hidden_size * vision.spatial_merge_size**2
    patch = IMAGE_CHANNELS * vision.temporal_patch_size * vision.patch_size**2
    layer = (4 * h * h + 2 * h * i + 3 * h + i) // tp + h + h + 4 * h
    merger = (merged**2 + merged + merged * vision.out_hidden_size) // tp + vision.out_hidden_size + 2 * h
    return vision.depth * layer + merger + patch * h + h + VISION_POSITIONS * h
