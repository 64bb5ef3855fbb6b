"""Small models that look like the real ones to everything that reads headers, and profiles that name them."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import gguf
import numpy as np

from orchestrator.core.profile import (
    Architecture,
    EngineName,
    Limits,
    Model,
    ModelStatus,
    Parameters,
    Precision,
    Profile,
    Weights,
)

LAYERS, HIDDEN = 24, 1024
SHAPE = Architecture(
    num_hidden_layers=LAYERS,
    full_attention_layers=6,
    hidden_size=HIDDEN,
    num_attention_heads=8,
    num_key_value_heads=2,
    head_dim=256,
    linear_num_key_heads=16,
    linear_num_value_heads=16,
    linear_key_head_dim=128,
    linear_value_head_dim=128,
    linear_conv_kernel_dim=4,
    vocab_size=248320,
    tie_word_embeddings=True,
    mtp_num_hidden_layers=1,
    intermediate_size=3584,
)


def gguf_bytes(
    folder: Path, architecture: str = "qwen35", layers: int = LAYERS, hidden: int = HIDDEN, weights: int = 2048
) -> bytes:
    """A GGUF file as the gguf package writes it, with one tensor of 4 x `weights` bytes."""
    path = folder / "sample.gguf"
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_name("Sample")
    writer.add_file_type(7)
    writer.add_context_length(262144)
    writer.add_block_count(layers)
    writer.add_embedding_length(hidden)
    writer.add_token_list(["a", "b", "ab"])
    writer.add_tensor("token_embd.weight", np.arange(weights, dtype=np.float32).reshape(-1, 32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path.read_bytes()


def safetensors_bytes(size: int = 4096) -> bytes:
    """A safetensors file with one tensor of `size` bytes."""
    tensor = {"dtype": "U8", "shape": [size], "data_offsets": [0, size]}
    header = json.dumps({"__metadata__": {"format": "pt"}, "w": tensor}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(size)


def config_bytes(model_type: str = "qwen3_5", layers: int = LAYERS, hidden: int = HIDDEN) -> bytes:
    """config.json of a model with a vision encoder, as far as it is read."""
    text = {"num_hidden_layers": layers, "hidden_size": hidden}
    return json.dumps({"model_type": model_type, "text_config": text}).encode()


def safetensors_model(**files: bytes) -> dict[str, bytes]:
    """The files of a small safetensors repository in two shards; keyword names stand for `name.json`."""
    weight_map = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    model = {
        "README.md": b"a card",
        "config.json": config_bytes(),
        "tokenizer.json": b"{}",
        "chat_template.jinja": b"{{ messages }}",
        "model.safetensors.index.json": json.dumps({"weight_map": weight_map}).encode(),
        "model-00001-of-00002.safetensors": safetensors_bytes(5000),
        "model-00002-of-00002.safetensors": safetensors_bytes(7000),
    }
    return model | {f"{name}.json": body for name, body in files.items()}


def gguf_profile(
    repo: str = "unsloth/Sample-GGUF",
    file: str = "Sample-Q8_0.gguf",
    mmproj_file: str | None = None,
    size: int = 8192,
    status: ModelStatus = ModelStatus.PUBLISHED,
    revision: str = "main",
) -> Profile:
    weights = Weights(repo, size, "published", revision=revision, file=file, mmproj_file=mmproj_file)
    return _profile("sample-gguf", Precision.GGUF, EngineName.LLAMA_CPP, weights, status)


def safetensors_profile(repo: str = "Qwen/Sample", size: int = 12_216) -> Profile:
    weights = Weights(repo, size, "published")
    return _profile("sample-bf16", Precision.BF16, EngineName.VLLM, weights, ModelStatus.PUBLISHED)


def _profile(name: str, precision: Precision, engine: EngineName, weights: Weights, status: ModelStatus) -> Profile:
    model = Model(
        name="Sample",
        repo="Qwen/Sample",
        status=status,
        license="apache-2.0",
        released="2026-03-02",
        parameters=Parameters(total=1, active_per_token=1),
        architecture=SHAPE,
        limits=Limits(262144, 131072, 32, 600, audio=False),
        quality=0.5,
        quality_source="none",
    )
    return Profile(name, model, precision, "Q8_0", engine, weights, 1.0, "none", None, "sample.yaml")
