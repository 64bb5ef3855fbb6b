"""The demo's dimensions, spelled as config.json spells them; `profiles/demo.yaml` repeats them."""

from __future__ import annotations

HIDDEN_SIZE = 128
NUM_HIDDEN_LAYERS = 4
FULL_ATTENTION_INTERVAL = 4
INTERMEDIATE_SIZE = 384
NUM_ATTENTION_HEADS = 2
NUM_KEY_VALUE_HEADS = 1
HEAD_DIM = 256
PARTIAL_ROTARY_FACTOR = 0.25
ROPE_THETA = 10_000_000
MROPE_SECTION = (11, 11, 10)
LINEAR_NUM_KEY_HEADS = 2
LINEAR_NUM_VALUE_HEADS = 2
LINEAR_HEAD_DIM = 128
LINEAR_CONV_KERNEL_DIM = 4
MAX_POSITION_EMBEDDINGS = 262_144
RMS_NORM_EPS = 1e-6

KEY_DIM = LINEAR_NUM_KEY_HEADS * LINEAR_HEAD_DIM
VALUE_DIM = LINEAR_NUM_VALUE_HEADS * LINEAR_HEAD_DIM
CONV_DIM = 2 * KEY_DIM + VALUE_DIM


def is_full_attention(layer: int) -> bool:
    """Every fourth layer attends to the whole context; the others carry a recurrent state."""
    return (layer + 1) % FULL_ATTENTION_INTERVAL == 0
