"""What is assumed of a model whose architecture no source gives (the founding article's 72B-A14B)."""

from __future__ import annotations

from orchestrator.core.profile import Architecture, Model

ASSUMED = Architecture(
    num_hidden_layers=64,
    full_attention_layers=16,
    hidden_size=5120,
    num_attention_heads=24,
    num_key_value_heads=4,
    head_dim=256,
    linear_num_key_heads=16,
    linear_num_value_heads=48,
    linear_key_head_dim=128,
    linear_value_head_dim=128,
    linear_conv_kernel_dim=4,
    vocab_size=248320,
    tie_word_embeddings=False,
    mtp_num_hidden_layers=0,
    intermediate_size=17408,
)  # Qwen3.5-27B: of the published sizes up to 122B, none needs more for a token or a sequence


def architecture_of(model: Model) -> Architecture:
    """The model's dimensions, or those assumed of it."""
    return model.architecture or ASSUMED


def assumption(model: Model) -> str:
    """What to add to a figure that rests on the assumption; nothing where the architecture is known."""
    return "" if model.architecture else " (dimensions assumed as Qwen3.5-27B's: no source gives them)"
