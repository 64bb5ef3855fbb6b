"""The stand-ins' dimensions, which their profiles repeat, and what every Qwen 3.5 has besides."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.core.profile import Architecture, Experts, Vision

FULL_ATTENTION_INTERVAL = 4
PARTIAL_ROTARY_FACTOR = 0.25
ROPE_THETA = 10_000_000
MROPE_SECTION = (11, 11, 10)
MAX_POSITION_EMBEDDINGS = 262_144
RMS_NORM_EPS = 1e-6
VISION_HEADS = 2
LEAST_PIXELS, MOST_PIXELS = 65_536, 16_777_216  # what the processors of all sizes scale an image to
IMAGE_MEAN = IMAGE_STD = (0.5, 0.5, 0.5)

DEMO = Architecture(
    num_hidden_layers=4,
    full_attention_layers=1,
    hidden_size=128,
    num_attention_heads=2,
    num_key_value_heads=1,
    head_dim=256,
    linear_num_key_heads=2,
    linear_num_value_heads=2,
    linear_key_head_dim=128,
    linear_value_head_dim=128,
    linear_conv_kernel_dim=4,
    vocab_size=1081,
    tie_word_embeddings=False,
    mtp_num_hidden_layers=0,
    intermediate_size=384,
)
DEMO_MOE = replace(DEMO, intermediate_size=None, experts=Experts(8, 2, 128, 128))
DEMO_VISION = replace(DEMO, vision=Vision(2, 64, 128, DEMO.hidden_size, 16, 2, 2))
ARCHITECTURES = {"demo": DEMO, "demo-moe": DEMO_MOE, "demo-vision": DEMO_VISION}


def is_full_attention(layer: int) -> bool:
    """Every fourth layer attends to the whole context; the others carry a recurrent state."""
    return (layer + 1) % FULL_ATTENTION_INTERVAL == 0
