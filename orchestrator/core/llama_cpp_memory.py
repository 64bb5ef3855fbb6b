"""What one llama.cpp replica holds in host memory, as llama.cpp b11549 lays it out for Qwen 3.5."""

from __future__ import annotations

from math import ceil

from orchestrator.core.amounts import MIB
from orchestrator.core.assumed import architecture_of, assumption
from orchestrator.core.parameters import convolved_channels
from orchestrator.core.plan import MemoryPart, Shape
from orchestrator.core.profile import Architecture, Profile

KV_BYTES = 2  # f16, llama.cpp's default for keys and values
STATE_BYTES = 4  # recurrent state and convolution window are always f32
CONTEXT_PADDING_TOKENS = 256
UBATCH_TOKENS = 512  # llama.cpp's default physical batch
CHECKPOINT_SPACING_TOKENS = 8192
MAX_CHECKPOINTS = 32  # per slot; each keeps a copy of the slot's recurrent state
OVERHEAD_BYTES = 256 * MIB  # estimate: the server process, its tokenizer and its buffers


def llama_cpp_parts(profile: Profile, shape: Shape) -> tuple[MemoryPart, ...]:
    """Model file and projector, KV cache and state of every slot, compute buffer, the process itself."""
    return (
        _weights(profile),
        _kv_cache(profile, shape),
        _recurrent_state(profile, shape),
        _activations(architecture_of(profile.model)),
        MemoryPart("overhead", OVERHEAD_BYTES, "the server process with its tokenizer: estimated"),
    )


def _weights(profile: Profile) -> MemoryPart:
    """The file is mapped, so it counts as page cache; decoding reads it all, so it has to stay there."""
    weights = profile.weights
    why = f"{weights.bytes:,} B file, {weights.bytes_status}"
    if weights.mmproj_bytes:
        why += f" + {weights.mmproj_bytes:,} B vision projector"
    return MemoryPart("weights", weights.bytes + weights.mmproj_bytes, why)


def _kv_cache(profile: Profile, shape: Shape) -> MemoryPart:
    """Only full-attention layers have one; the slots share a pool in which each has room for its full context."""
    a = architecture_of(profile.model)
    wanted = shape.max_model_len * shape.max_num_seqs
    tokens = CONTEXT_PADDING_TOKENS * ceil(wanted / CONTEXT_PADDING_TOKENS)
    why = (
        f"{a.full_attention_layers} layers x 2 x {a.num_key_value_heads} heads x {a.head_dim} x {KV_BYTES} B "
        f"x {tokens:,} tokens ({shape.max_num_seqs} slots){assumption(profile.model)}"
    )
    per_token = a.full_attention_layers * 2 * a.num_key_value_heads * a.head_dim * KV_BYTES
    return MemoryPart("kv_cache", per_token * tokens, why)


def _recurrent_state(profile: Profile, shape: Shape) -> MemoryPart:
    """Each slot's state, and the copies that its context checkpoints keep."""
    state_bytes = _state_bytes(architecture_of(profile.model))
    checkpoints = min(MAX_CHECKPOINTS, ceil(shape.max_model_len / CHECKPOINT_SPACING_TOKENS))
    why = f"{shape.max_num_seqs} slots x (1 + {checkpoints} checkpoints) x {state_bytes:,} B{assumption(profile.model)}"
    return MemoryPart("recurrent_state", shape.max_num_seqs * (1 + checkpoints) * state_bytes, why)


def _state_bytes(a: Architecture) -> int:
    """All Gated DeltaNet layers' convolution windows and recurrent states, of one sequence."""
    window = (a.linear_conv_kernel_dim - 1) * convolved_channels(a)
    state = a.linear_num_value_heads * a.linear_key_head_dim * a.linear_value_head_dim
    return a.linear_attention_layers * (window + state) * STATE_BYTES


def _activations(a: Architecture) -> MemoryPart:
    """The compute buffer, whose largest tensor is the logits of a batch."""
    width = a.vocab_size + 4 * a.hidden_size
    why = f"{UBATCH_TOKENS} tokens x ({a.vocab_size:,} logits + 4 x {a.hidden_size:,}) x 4 B: estimated"
    return MemoryPart("activations", UBATCH_TOKENS * width * 4, why)
