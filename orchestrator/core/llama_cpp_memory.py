"""What one llama.cpp replica holds in host memory, as llama.cpp b11549 lays it out for Qwen 3.5."""

from __future__ import annotations

from math import ceil

from orchestrator.core.amounts import MIB, counted
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
STATES_IN_COMPUTE = 4  # copies of one layer's state of each slot
OVERHEAD_BYTES = 256 * MIB  # the server process and its tokenizer: 60 MiB measured when idle, the rest for requests


def llama_cpp_parts(profile: Profile, shape: Shape) -> tuple[MemoryPart, ...]:
    """Model file and projector, KV cache and state of every slot, compute buffer, the process itself."""
    return (
        _weights(profile),
        _kv_cache(profile, shape),
        _recurrent_state(profile, shape),
        _activations(profile, shape),
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
    a, tokens = architecture_of(profile.model), _context_tokens(shape)
    why = (
        f"{counted(a.full_attention_layers, 'layer')} x 2 x {counted(a.num_key_value_heads, 'head')} x {a.head_dim} "
        f"x {KV_BYTES} B x {tokens:,} tokens ({counted(shape.max_num_seqs, 'slot')}){assumption(profile.model)}"
    )
    per_token = a.full_attention_layers * 2 * a.num_key_value_heads * a.head_dim * KV_BYTES
    return MemoryPart("kv_cache", per_token * tokens, why)


def _recurrent_state(profile: Profile, shape: Shape) -> MemoryPart:
    """Each slot's state, and the copies that its context checkpoints keep."""
    state_bytes = _state_bytes(architecture_of(profile.model))
    checkpoints = min(MAX_CHECKPOINTS, ceil(shape.max_model_len / CHECKPOINT_SPACING_TOKENS))
    why = (
        f"{counted(shape.max_num_seqs, 'slot')} x (1 + {counted(checkpoints, 'checkpoint')}) x {state_bytes:,} B"
        f"{assumption(profile.model)}"
    )
    return MemoryPart("recurrent_state", shape.max_num_seqs * (1 + checkpoints) * state_bytes, why)


def _context_tokens(shape: Shape) -> int:
    """The pool's size: room for the full context of every slot."""
    wanted = shape.max_model_len * shape.max_num_seqs
    return CONTEXT_PADDING_TOKENS * ceil(wanted / CONTEXT_PADDING_TOKENS)


def _state_bytes(a: Architecture) -> int:
    """All Gated DeltaNet layers' convolution windows and recurrent states, of one sequence."""
    window = (a.linear_conv_kernel_dim - 1) * convolved_channels(a) * STATE_BYTES
    return a.linear_attention_layers * (window + _layer_state_bytes(a))


def _layer_state_bytes(a: Architecture) -> int:
    return a.linear_num_value_heads * a.linear_key_head_dim * a.linear_value_head_dim * STATE_BYTES


def _activations(profile: Profile, shape: Shape) -> MemoryPart:
    """The compute buffer, fitted to what b11549 reserves for the dimensions of 0.8B, 4B, 9B and 27B.

    The error there is between 0 and +65 MiB; for mixtures of experts the width is reckoned, not measured.
    """
    a = architecture_of(profile.model)
    layer = UBATCH_TOKENS * _compute_width(a) * 4
    mask = UBATCH_TOKENS * _context_tokens(shape) * 2
    states = STATES_IN_COMPUTE * shape.max_num_seqs * _layer_state_bytes(a)
    why = (
        f"{UBATCH_TOKENS} tokens x {_compute_width(a):,} x 4 B + attention mask of {UBATCH_TOKENS} x "
        f"{_context_tokens(shape):,} x 2 B + states {states:,} B: estimated{assumption(profile.model)}"
    )
    return MemoryPart("activations", layer + mask + states, why)


def _compute_width(a: Architecture) -> int:
    """Numbers that one token needs at once; each of its experts has an input and an output of its own."""
    if a.experts is None:
        return 5 * a.hidden_size + 3 * (a.intermediate_size or 0)
    routed = a.experts.num_experts_per_tok * (3 * a.experts.moe_intermediate_size + 2 * a.hidden_size)
    return 5 * a.hidden_size + 3 * a.experts.shared_expert_intermediate_size + routed
