"""What one vLLM replica holds on each of its GPUs, for the hybrid layers of Qwen 3.5.

KV cache and recurrent state live in one pool of equal blocks: as in vLLM 0.33.0, platforms/interface.py
(`_align_hybrid_block_size`) and v1/core/kv_cache_utils.py, with prefix caching on, as vLLM has it by default.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from orchestrator.core.amounts import GIB, counted
from orchestrator.core.assumed import architecture_of, assumption
from orchestrator.core.parameters import convolved_channels
from orchestrator.core.plan import MemoryPart, Shape
from orchestrator.core.profile import Architecture, Profile, Vision

GPU_MEMORY_UTILIZATION = 0.92  # vLLM's default
BLOCK_ALIGNMENT_TOKENS = 16
KV_BYTES = 2  # bfloat16
STATE_BYTES = 4  # float32 recurrent state
CONVOLUTION_BYTES = 2
STATES_PER_SEQUENCE = 2  # mamba_cache_mode "align": the running state and the one that the prefix cache keeps
MAX_NUM_BATCHED_TOKENS = 2048  # vLLM's default below 70 GiB; qorch passes it on every GPU
GATED_DELTA_NET_CHUNK_TOKENS = 64
IMAGE_PATCHES = 4 * 16384  # the largest image of vLLM's profile run: 16,384 tokens of 2 x 2 patches
OVERHEAD_BYTES = 3 * GIB // 2  # estimate: CUDA context, NCCL buffers, CUDA graphs


@dataclass(frozen=True)
class Blocks:
    """The pool's unit on one GPU; each group of layers takes blocks of its own."""

    tokens: int  # of context in one block
    bytes: int
    state_blocks: int  # that one sequence takes for its recurrent state, whatever its length


def blocks(architecture: Architecture, tensor_parallel_size: int) -> Blocks:
    """A block holds as many tokens of one full-attention layer as one Gated DeltaNet state takes bytes."""
    a, tp = architecture, tensor_parallel_size
    token_bytes = 2 * max(1, a.num_key_value_heads // tp) * a.head_dim * KV_BYTES
    tokens = BLOCK_ALIGNMENT_TOKENS * ceil(_state_bytes(a, tp) / (BLOCK_ALIGNMENT_TOKENS * token_bytes))
    layers_per_group = a.full_attention_layers
    state_groups = ceil(a.linear_attention_layers / layers_per_group)
    return Blocks(tokens, tokens * token_bytes * layers_per_group, state_groups * STATES_PER_SEQUENCE)


def vllm_parts(profile: Profile, shape: Shape) -> tuple[MemoryPart, ...]:
    """One request of the full context, a block for each other sequence, and a state for every sequence."""
    unit = blocks(architecture_of(profile.model), shape.tensor_parallel_size)
    return (
        _weights(profile, shape),
        _kv_cache(profile, shape, unit),
        _recurrent_state(profile, shape, unit),
        _activations(profile, shape),
        MemoryPart("overhead", OVERHEAD_BYTES, "CUDA context, NCCL buffers, CUDA graphs: estimated"),
    )


def _state_bytes(a: Architecture, tp: int) -> int:
    """One Gated DeltaNet layer's state of one sequence on one GPU: convolution window and recurrent state."""
    window = convolved_channels(a) // tp * (a.linear_conv_kernel_dim - 1) * CONVOLUTION_BYTES
    state = a.linear_num_value_heads // tp * a.linear_key_head_dim * a.linear_value_head_dim * STATE_BYTES
    return window + state


def _weights(profile: Profile, shape: Shape) -> MemoryPart:
    total, tp = profile.weights.bytes, shape.tensor_parallel_size
    why = f"{total:,} B, {profile.weights.bytes_status}" + (f", over {tp} GPUs" if tp > 1 else "")
    return MemoryPart("weights", ceil(total / tp), why)


def _kv_cache(profile: Profile, shape: Shape, unit: Blocks) -> MemoryPart:
    longest, others = ceil(shape.max_model_len / unit.tokens), shape.max_num_seqs - 1
    why = (
        f"({longest} blocks for {shape.max_model_len:,} tokens + {others} for other sequences) x {unit.bytes:,} B; "
        f"a block has {unit.tokens:,} tokens{assumption(profile.model)}"
    )
    return MemoryPart("kv_cache", (longest + others) * unit.bytes, why)


def _recurrent_state(profile: Profile, shape: Shape, unit: Blocks) -> MemoryPart:
    why = (
        f"{counted(shape.max_num_seqs, 'sequence')} x {unit.state_blocks} blocks x {unit.bytes:,} B"
        f"{assumption(profile.model)}"
    )
    return MemoryPart("recurrent_state", shape.max_num_seqs * unit.state_blocks * unit.bytes, why)


def _activations(profile: Profile, shape: Shape) -> MemoryPart:
    """The peak of a prefill step, a sampling step and an image, as if they came at once."""
    a = architecture_of(profile.model)
    prefill, image = _prefill_bytes(a, shape.tensor_parallel_size), _image_bytes(a.vision)
    logits = shape.max_num_seqs * a.vocab_size * 4
    why = (
        f"prefill of {MAX_NUM_BATCHED_TOKENS:,} tokens {prefill:,} B + float32 logits {logits:,} B "
        f"+ one image {image:,} B: estimated"
    )
    return MemoryPart("activations", prefill + logits + image, why)


def _prefill_bytes(a: Architecture, tp: int) -> int:
    """One layer's feed-forward part and residuals, and the scratch of chunked Gated DeltaNet, at 2 B each."""
    feed_forward = _feed_forward_width(a) // tp
    layer = MAX_NUM_BATCHED_TOKENS * (3 * feed_forward + 4 * a.hidden_size) * 2
    heads, values = a.linear_num_value_heads // tp, a.linear_value_head_dim
    states = MAX_NUM_BATCHED_TOKENS // GATED_DELTA_NET_CHUNK_TOKENS * heads * a.linear_key_head_dim * values * 2
    return layer + states + 2 * MAX_NUM_BATCHED_TOKENS * heads * values * 2


def _feed_forward_width(a: Architecture) -> int:
    """What one token passes through: the dense width, or that of its experts together."""
    if a.experts is None:
        return a.intermediate_size or 0
    routed = a.experts.num_experts_per_tok * a.experts.moe_intermediate_size
    return routed + a.experts.shared_expert_intermediate_size


def _image_bytes(vision: Vision | None) -> int:
    """One encoder layer over all patches of the largest image, at 2 B each."""
    return IMAGE_PATCHES * (4 * vision.hidden_size + vision.intermediate_size) * 2 if vision else 0
