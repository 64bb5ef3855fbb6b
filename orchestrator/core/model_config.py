"""Whether a checkpoint's config.json is that of a profile's model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.core.profile import Architecture

# transformers 5.20.2, models/qwen3_5 and models/qwen3_5_moe: with a vision encoder, and the text part alone.
MODEL_TYPES = {False: ("qwen3_5", "qwen3_5_text"), True: ("qwen3_5_moe", "qwen3_5_moe_text")}


def other_architecture(config: Mapping[str, Any]) -> str | None:
    """The model type of a checkpoint that is no Qwen 3.5, or None."""
    model_type = config.get("model_type")
    known = any(model_type in types for types in MODEL_TYPES.values())
    return None if known else f"{model_type!r}, expected {' or '.join(types[0] for types in MODEL_TYPES.values())}"


def other_model(wanted: Architecture, config: Mapping[str, Any]) -> str | None:
    """What a config says otherwise than the profile, or None; the text part may stand in a table of its own."""
    if config.get("model_type") not in MODEL_TYPES[wanted.experts is not None]:
        return f"model type {config.get('model_type')!r}"
    text = config.get("text_config", config)
    for name in ("hidden_size", "num_hidden_layers"):
        there = text.get(name) if isinstance(text, Mapping) else None
        if there != getattr(wanted, name):
            return f"{name} {there}, expected {getattr(wanted, name)}"
    return None
