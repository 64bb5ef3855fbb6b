"""The demo as a checkpoint that transformers and vLLM load: safetensors, config, tokenizer, image processor."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from orchestrator.adapters.demo_model import dimensions as d
from orchestrator.adapters.demo_model.tokenizer import (
    CHAT_TEMPLATE,
    CONTROLS,
    END_OF_TEXT,
    IM_END,
    SPECIALS,
    SPLIT,
    demo_tokenizer,
)
from orchestrator.adapters.demo_model.weights import VISUAL
from orchestrator.core.parameters import IMAGE_CHANNELS, VISION_POSITIONS
from orchestrator.core.profile import Architecture, Vision

Tensor = NDArray[Any]

SAME_NAMES = (
    "vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim",
    "linear_num_key_heads", "linear_num_value_heads", "linear_key_head_dim", "linear_value_head_dim",
    "linear_conv_kernel_dim", "tie_word_embeddings",
)  # fmt: skip


STORED = {"float32": "BF16", "float16": "F16", "int32": "I32"}  # a float32 here is a bfloat16 with room to spare


def write_checkpoint(folder: Path, config: dict[str, Any], tensors: dict[str, Tensor]) -> None:
    vision = config.get("vision_config")
    (folder / "model.safetensors").write_bytes(safetensors(_beside_vision(tensors) if vision else tensors))
    described = {"config.json": config, "generation_config.json": _generation_config()}
    for name, content in (described | (_processor_files(vision) if vision else {})).items():
        (folder / name).write_text(json.dumps(content, indent=1))
    for name, text in tokenizer_files().items():
        (folder / name).write_text(text)


def tokenizer_files() -> dict[str, str]:
    """By name."""
    return {
        "chat_template.jinja": CHAT_TEMPLATE,
        "tokenizer.json": json.dumps(tokenizer_json(), indent=1),
        "tokenizer_config.json": json.dumps(_tokenizer_config(), indent=1),
    }


def safetensors(tensors: dict[str, Tensor]) -> bytes:
    """The safetensors format: length of the header in 8 bytes, a JSON header, the tensors' bytes."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data, offset = [], 0
    for name, tensor in tensors.items():
        raw, kind = _raw(tensor), STORED[tensor.dtype.name]
        header[name] = {"dtype": kind, "shape": tensor.shape, "data_offsets": [offset, offset + len(raw)]}
        data.append(raw)
        offset += len(raw)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + b"".join(data)


def config(a: Architecture) -> dict[str, Any]:
    """config.json of an architecture, with the demo's tokens at the start of its vocabulary."""
    return _text_config(a) if a.vision is None else _config_with_vision(a, a.vision)


def _beside_vision(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The text model is a part then, as the encoder is."""
    return {
        name if name.startswith(("lm_head.", VISUAL)) else f"model.language_model.{name.removeprefix('model.')}": tensor
        for name, tensor in tensors.items()
    }


def _config_with_vision(a: Architecture, vision: Vision) -> dict[str, Any]:
    ids = demo_tokenizer().ids
    own: dict[str, Any] = {
        "model_type": "qwen3_5_moe" if a.experts else "qwen3_5",
        "in_channels": IMAGE_CHANNELS,
        "num_heads": d.VISION_HEADS,
        "num_position_embeddings": VISION_POSITIONS,
        "hidden_act": "gelu_pytorch_tanh",
        "deepstack_visual_indexes": [],
    }
    return {
        "architectures": ["Qwen3_5MoeForConditionalGeneration" if a.experts else "Qwen3_5ForConditionalGeneration"],
        "model_type": own["model_type"],
        "dtype": "bfloat16",
        "tie_word_embeddings": a.tie_word_embeddings,
        "text_config": _text_config(a),
        "vision_config": {**own, **asdict(vision)},
        "image_token_id": ids["<|image_pad|>"],
        "video_token_id": ids["<|video_pad|>"],
        "vision_start_token_id": ids["<|vision_start|>"],
        "vision_end_token_id": ids["<|vision_end|>"],
    }


def _processor_files(vision: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """How images and videos become patches; by name."""
    sizes = {"shortest_edge": d.LEAST_PIXELS, "longest_edge": d.MOST_PIXELS}
    shared = {
        "size": sizes,
        "patch_size": vision["patch_size"],
        "temporal_patch_size": vision["temporal_patch_size"],
        "merge_size": vision["spatial_merge_size"],
        "image_mean": d.IMAGE_MEAN,
        "image_std": d.IMAGE_STD,
        "processor_class": "Qwen3VLProcessor",
    }
    return {
        "preprocessor_config.json": {**shared, "image_processor_type": "Qwen2VLImageProcessorFast"},
        "video_preprocessor_config.json": {**shared, "video_processor_type": "Qwen3VLVideoProcessor"},
    }


def _text_config(a: Architecture) -> dict[str, Any]:
    ids = demo_tokenizer().ids
    kinds = ("linear_attention", "full_attention")
    return {
        "architectures": ["Qwen3_5MoeForCausalLM" if a.experts else "Qwen3_5ForCausalLM"],
        "model_type": "qwen3_5_moe_text" if a.experts else "qwen3_5_text",
        "dtype": "bfloat16",
        **{name: getattr(a, name) for name in SAME_NAMES},
        **(asdict(a.experts) if a.experts else {"intermediate_size": a.intermediate_size}),
        "layer_types": [kinds[d.is_full_attention(layer)] for layer in range(a.num_hidden_layers)],
        "full_attention_interval": d.FULL_ATTENTION_INTERVAL,
        "attn_output_gate": True,
        "mamba_ssm_dtype": "float32",
        "hidden_act": "silu",
        "max_position_embeddings": d.MAX_POSITION_EMBEDDINGS,
        "rms_norm_eps": d.RMS_NORM_EPS,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": d.ROPE_THETA,
            "partial_rotary_factor": d.PARTIAL_ROTARY_FACTOR,
            "mrope_section": list(d.MROPE_SECTION),
            "mrope_interleaved": True,
        },
        "eos_token_id": ids[IM_END],
        "pad_token_id": ids[END_OF_TEXT],
    }


def tokenizer_json() -> dict[str, Any]:
    """The tokenizer as the `tokenizers` library reads it."""
    tokenizer = demo_tokenizer()
    ids = tokenizer.ids
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    split = {"type": "Split", "pattern": {"Regex": SPLIT}, "behavior": "Isolated", "invert": False}
    return {
        "version": "1.0",
        "added_tokens": [
            {"id": ids[token], "content": token, "special": token in CONTROLS, **flags} for token in SPECIALS
        ],
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "decoder": byte_level,
        "model": {
            "type": "BPE",
            "vocab": {token: ids[token] for token in tokenizer.tokens if token not in SPECIALS},
            "merges": [merge.split(" ") for merge in tokenizer.merges],
        },
    }


def _tokenizer_config() -> dict[str, Any]:
    return {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": IM_END, "pad_token": END_OF_TEXT}


def _generation_config() -> dict[str, Any]:
    ids = demo_tokenizer().ids
    return {"eos_token_id": ids[IM_END], "pad_token_id": ids[END_OF_TEXT]}


def _raw(tensor: Tensor) -> bytes:
    """The bytes as they are stored: of a float32 the upper half, which is its bfloat16."""
    whole = np.ascontiguousarray(tensor)
    return bytes(
        (whole.view(np.uint32) >> 16).astype(np.uint16).tobytes() if whole.dtype == np.float32 else whole.tobytes()
    )
