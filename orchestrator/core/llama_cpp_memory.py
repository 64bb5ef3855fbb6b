"""What one llama.cpp replica holds in host memory, as llama.cpp b11549 lays it out for Qwen 3.5."""

from __future__ import annotations

from math import ceil

from orchestrator.core.amounts import MIB, counted
from orchestrator.core.assumed import architecture_of, assumption
from orchestrator.core.device_memory import MemoryPart
from orchestrator.core.parameters import convolved_channels
from orchestrator.core.plan import Shape
from orchestrator.core.profile import Architecture, Profile

KV_BYTES = 2  # f16, llama.cpp's default for keys and values
STATE_BYTES = 4  # recurrent state and convolution window are always f32
CONTEXT_PADDING_TOKENS = 256
UBATCH_TOKENS = 512  # llama.cpp's default physical batch
CHECKPOINT_SPACING_TOKENS = 8192  # llama.cpp's default
MOST_CHECKPOINTS = 32  # of a slot; llama.cpp's default
FLOAT_BYTES = 4
MASK_BYTES = 2  # f16, as flash attention takes it
INPUT_BYTES = 64  # of a token: its id, its position in four dimensions, where its key, value and logits go
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


def context_checkpoints(max_model_len: int) -> int:
    """How many states of its past a slot may keep: qorch tells the engine, so that the plan charges what can come.

    The newest is 4 tokens before a prompt's end, where the next turn goes on. Left alone, llama.cpp fills 32 in a short
    chat: it drops what is nearer than the spacing only once the list is full.
    """
    return min(MOST_CHECKPOINTS, ceil(max_model_len / CHECKPOINT_SPACING_TOKENS))


def slot_state_bytes(a: Architecture) -> int:
    """All Gated DeltaNet layers' convolution windows and recurrent states, of one slot or one checkpoint."""
    return a.linear_attention_layers * (_layer_window_bytes(a) + _layer_state_bytes(a))


def _recurrent_state(profile: Profile, shape: Shape) -> MemoryPart:
    """Each slot's state, and the copies that its context checkpoints keep."""
    state_bytes = slot_state_bytes(architecture_of(profile.model))
    checkpoints = context_checkpoints(shape.max_model_len)
    why = (
        f"{counted(shape.max_num_seqs, 'slot')} x (1 + {counted(checkpoints, 'checkpoint')}) x {state_bytes:,} B"
        f"{assumption(profile.model)}"
    )
    return MemoryPart("recurrent_state", shape.max_num_seqs * (1 + checkpoints) * state_bytes, why)


def _context_tokens(shape: Shape) -> int:
    """The pool's size: room for the full context of every slot."""
    wanted = shape.max_model_len * shape.max_num_seqs
    return CONTEXT_PADDING_TOKENS * ceil(wanted / CONTEXT_PADDING_TOKENS)


def _layer_window_bytes(a: Architecture) -> int:
    return (a.linear_conv_kernel_dim - 1) * convolved_channels(a) * STATE_BYTES


def _layer_state_bytes(a: Architecture) -> int:
    return a.linear_num_value_heads * a.linear_key_head_dim * a.linear_value_head_dim * STATE_BYTES


def _activations(profile: Profile, shape: Shape) -> MemoryPart:
    """The compute buffer for a physical batch that all slots share, and the logits of one token of each slot.

    Its largest layer from the graph in b11549 (src/models/qwen35.cpp, qwen35moe.cpp): what lives at once, and what
    ggml's allocator leaves as holes. Over nine architectures and 1 to 16 slots: never under, and
    at most 20 MiB over.
    """
    a = architecture_of(profile.model)
    tokens, cells = _batch_tokens(shape), _context_tokens(shape)
    layer = _layer_bytes(a, tokens, shape.max_num_seqs)
    logits = shape.max_num_seqs * a.vocab_size * FLOAT_BYTES
    why = (
        f"{tokens} tokens x (largest layer {layer // tokens:,} B + attention mask {cells:,} x {MASK_BYTES} B) "
        f"+ logits {counted(shape.max_num_seqs, 'slot')} x {a.vocab_size:,} x {FLOAT_BYTES} B"
        f"{assumption(profile.model)}"
    )
    return MemoryPart("activations", layer + tokens * (cells * MASK_BYTES + INPUT_BYTES) + logits, why)


def _batch_tokens(shape: Shape) -> int:
    """A physical batch; llama.cpp rounds it up to as many tokens of each slot, which is less than one more each."""
    return min(UBATCH_TOKENS, _context_tokens(shape)) + shape.max_num_seqs - 1


def _layer_bytes(a: Architecture, tokens: int, slots: int) -> int:
    """What the widest part of a layer holds: feed-forward, full attention, or Gated DeltaNet with all states."""
    per_slot = 2 * _layer_state_bytes(a) + _layer_window_bytes(a)  # the state before and after, and what is convolved
    widest = max(_feed_forward_width(a), _attention_width(a))
    return max(tokens * widest * FLOAT_BYTES, tokens * _delta_net_width(a) * FLOAT_BYTES + slots * per_slot)


def _feed_forward_width(a: Architecture) -> int:
    """Numbers a token: gate, up and their product beside five hidden states; or each expert's output, twice."""
    if a.experts is None:
        return 5 * a.hidden_size + 3 * (a.intermediate_size or 0)
    return (2 * a.experts.num_experts_per_tok + 3) * a.hidden_size


def _attention_width(a: Architecture) -> int:
    """Numbers a token: queries with their gates, normed, rotated, attended, gated; keys and values."""
    return 7 * a.num_attention_heads * a.head_dim + 2 * a.num_key_value_heads * a.head_dim + 2 * a.hidden_size


def _delta_net_width(a: Architecture) -> int:
    """Numbers a token: what is convolved, queries and keys (twice), the output and its gate, five hidden states."""
    keys = a.linear_num_key_heads * a.linear_key_head_dim
    values = a.linear_num_value_heads * a.linear_value_head_dim
    return convolved_channels(a) + 4 * keys + 2 * values + 5 * a.hidden_size
