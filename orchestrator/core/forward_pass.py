"""What one pass through a model reads and computes: the input of every prediction of speed."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.assumed import architecture_of
from orchestrator.core.parameters import (
    BF16_BYTES,
    active_routed_parameters,
    convolved_channels,
    dense_feed_forward_parameters,
    routed_parameters,
    text_parameters,
)
from orchestrator.core.profile import Architecture, EngineName, Precision, Profile
from orchestrator.core.vllm_options import KvCacheDtype
from orchestrator.core.vllm_weights import STORED_BYTES

STATE_BYTES = 4  # of a number of Gated DeltaNet's state, which both engines keep in float32
KV_BYTES = {KvCacheDtype.AUTO: 2, KvCacheDtype.FP8: 1}


@dataclass(frozen=True)
class RoutedExperts:
    """The routed part of a mixture of experts, over all layers; an expert is the same index in every layer."""

    num_experts: int
    num_experts_per_tok: int
    weights: int  # of one expert in all layers
    bytes: float

    def distinct(self, num_tokens: float) -> float:
        """Experts that at least one of `num_tokens` goes to, when each goes to its own by chance."""
        missed: float = (1 - self.num_experts_per_tok / self.num_experts) ** num_tokens
        return self.num_experts * (1 - missed)


@dataclass(frozen=True)
class ForwardPass:
    """A model in one precision, undivided."""

    num_hidden_layers: int
    hidden_size: int
    dense_weights: int  # every token passes through them; without head and embedding
    dense_bytes: float
    head_weights: int
    head_bytes: float
    fp8: bool  # dense weights and experts can be multiplied in 8 bits
    attention_flops: float  # of one token with one token before it
    num_key_value_heads: int
    kv_bytes_per_token: float
    state_bytes: float = 0.0  # of one sequence, read and written for each token
    experts: RoutedExperts | None = None


def forward_pass(profile: Profile, kv_cache_dtype: KvCacheDtype = KvCacheDtype.AUTO) -> ForwardPass:
    """The profile's model as its engine runs it."""
    a = architecture_of(profile.model)
    head = a.vocab_size * a.hidden_size
    dense = profile.model.parameters.active_per_token - head - active_routed_parameters(a)
    each = _bytes_of_a_weight(profile, a)
    return ForwardPass(
        num_hidden_layers=a.num_hidden_layers,
        hidden_size=a.hidden_size,
        dense_weights=dense,
        dense_bytes=_dense_bytes(profile, a, dense),
        head_weights=head,
        head_bytes=head * (each if profile.engine is not EngineName.VLLM else BF16_BYTES),
        fp8=profile.precision is Precision.FP8,
        attention_flops=4 * a.full_attention_layers * a.num_attention_heads * a.head_dim,
        num_key_value_heads=a.num_key_value_heads,
        kv_bytes_per_token=2 * a.full_attention_layers * a.num_key_value_heads * a.head_dim * KV_BYTES[kv_cache_dtype],
        state_bytes=state_bytes(a),
        experts=_experts(a, each),
    )


def state_bytes(a: Architecture) -> float:
    """Of one sequence: each linear head's key-by-value matrix, and the convolution's last inputs in 16 bits."""
    matrix = a.linear_num_value_heads * a.linear_key_head_dim * a.linear_value_head_dim * STATE_BYTES
    return a.linear_attention_layers * (matrix + convolved_channels(a) * (a.linear_conv_kernel_dim - 1) * BF16_BYTES)


def _bytes_of_a_weight(profile: Profile, a: Architecture) -> float:
    """Of a quantised one; a GGUF file mixes types, so its mean stands for each of them."""
    if profile.engine is EngineName.VLLM:
        return STORED_BYTES[profile.precision]
    held = text_parameters(a) if profile.model.architecture else profile.model.parameters.total
    return profile.weights.bytes / held


def _dense_bytes(profile: Profile, a: Architecture, dense: int) -> float:
    """The official GPTQ checkpoints quantise only feed-forward matrices, the FP8 ones all."""
    each = _bytes_of_a_weight(profile, a)
    if profile.precision is not Precision.GPTQ or profile.model.architecture is None:
        return dense * each
    quantised = 0 if a.experts else dense_feed_forward_parameters(a)
    return quantised * each + (dense - quantised) * BF16_BYTES


def _experts(a: Architecture, bytes_of_a_weight: float) -> RoutedExperts | None:
    if a.experts is None:
        return None
    weights = routed_parameters(a) // a.experts.num_experts
    return RoutedExperts(a.experts.num_experts, a.experts.num_experts_per_tok, weights, weights * bytes_of_a_weight)
