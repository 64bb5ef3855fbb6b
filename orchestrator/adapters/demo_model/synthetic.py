"""GGUF files of any Qwen 3.5 architecture with random weights: what an engine holds depends on dimensions, not values.

Tensors as llama.cpp b11549 loads them (src/models/qwen35.cpp and qwen35moe.cpp).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import gguf
import numpy as np

from orchestrator.adapters.demo_model import dimensions as d
from orchestrator.adapters.demo_model.gguf_file import KEPT_IN_FLOAT32
from orchestrator.adapters.demo_model.gguf_metadata import gguf_writer
from orchestrator.core.parameters import convolved_channels
from orchestrator.core.profile import Architecture, Experts

SEED = 35
TILE_VALUES = 2**20  # random values that are made once for a width and repeated
WHAT_IT_IS = (
    "synthetic (random weights, Qwen 3.5 architecture)",
    "Made by qorch to measure an engine: random weights, no sense. Not a Qwen model.",
)
DECAY = -1.0  # what each head forgets: `ssm_a` is minus the exponent of A_log
STEPS = {"Q8_0": 74.0, "Q4_0": 4.6}  # standard deviation of a block's integers when all are equally likely
BLOCK_VALUES = 32


@dataclass(frozen=True)
class Tensor:
    """Name and shape, outermost dimension first."""

    name: str
    shape: tuple[int, ...]


def write_synthetic_gguf(
    path: Path, architecture: Architecture, quantization: str = "Q8_0", *, sparse: bool = False
) -> None:
    """A file that llama.cpp loads; F16, Q8_0 or Q4_0, its matrices random, or holes of zeros where it is `sparse`.

    A sparse file takes no room on disk, and loading it takes none in memory until a token is computed.
    """
    writer = gguf_writer(path, architecture, *WHAT_IT_IS)
    kept = tuple(tensors(architecture))
    for tensor in kept:
        _announce(writer, tensor, quantization)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    with path.open("r+b") as file:
        _write_tensors(file, kept, quantization, sparse)


def tensors(a: Architecture) -> Iterator[Tensor]:
    """Every tensor of the language model."""
    yield Tensor("token_embd.weight", (a.vocab_size, a.hidden_size))
    for layer in range(a.num_hidden_layers):
        mixer = _attention(a) if d.is_full_attention(layer) else _gated_delta_net(a)
        for tensor in (*mixer, *_feed_forward(a)):
            yield Tensor(f"blk.{layer}.{tensor.name}", tensor.shape)
    yield Tensor("output_norm.weight", (a.hidden_size,))
    if not a.tie_word_embeddings:
        yield Tensor("output.weight", (a.vocab_size, a.hidden_size))


def _attention(a: Architecture) -> Iterator[Tensor]:
    query, key = a.num_attention_heads * a.head_dim, a.num_key_value_heads * a.head_dim
    yield Tensor("attn_q.weight", (2 * query, a.hidden_size))
    yield Tensor("attn_k.weight", (key, a.hidden_size))
    yield Tensor("attn_v.weight", (key, a.hidden_size))
    yield Tensor("attn_output.weight", (a.hidden_size, query))
    yield Tensor("attn_q_norm.weight", (a.head_dim,))
    yield Tensor("attn_k_norm.weight", (a.head_dim,))


def _gated_delta_net(a: Architecture) -> Iterator[Tensor]:
    heads, value = a.linear_num_value_heads, a.linear_num_value_heads * a.linear_value_head_dim
    yield Tensor("attn_qkv.weight", (convolved_channels(a), a.hidden_size))
    yield Tensor("attn_gate.weight", (value, a.hidden_size))
    yield Tensor("ssm_beta.weight", (heads, a.hidden_size))
    yield Tensor("ssm_alpha.weight", (heads, a.hidden_size))
    yield Tensor("ssm_conv1d.weight", (convolved_channels(a), a.linear_conv_kernel_dim))
    yield Tensor("ssm_dt.bias", (heads,))
    yield Tensor("ssm_a", (heads,))
    yield Tensor("ssm_norm.weight", (a.linear_value_head_dim,))
    yield Tensor("ssm_out.weight", (a.hidden_size, value))


def _feed_forward(a: Architecture) -> Iterator[Tensor]:
    yield Tensor("attn_norm.weight", (a.hidden_size,))
    yield Tensor("post_attention_norm.weight", (a.hidden_size,))
    if a.experts is None:
        yield from _gated("", a.hidden_size, a.intermediate_size or 0)
        return
    yield from _experts(a.hidden_size, a.experts)


def _experts(hidden: int, experts: Experts) -> Iterator[Tensor]:
    yield Tensor("ffn_gate_inp.weight", (experts.num_experts, hidden))
    for tensor in _gated("_exps", hidden, experts.moe_intermediate_size):
        yield Tensor(tensor.name, (experts.num_experts, *tensor.shape))
    yield Tensor("ffn_gate_inp_shexp.weight", (hidden,))
    yield from _gated("_shexp", hidden, experts.shared_expert_intermediate_size)


def _gated(suffix: str, hidden: int, width: int) -> Iterator[Tensor]:
    yield Tensor(f"ffn_gate{suffix}.weight", (width, hidden))
    yield Tensor(f"ffn_up{suffix}.weight", (width, hidden))
    yield Tensor(f"ffn_down{suffix}.weight", (hidden, width))


def _kind(name: str, quantization: str) -> str:
    """What llama.cpp multiplies element by element, and the router, stay in float32."""
    return "F32" if any(part in name for part in KEPT_IN_FLOAT32) else quantization


def _announce(writer: gguf.GGUFWriter, tensor: Tensor, quantization: str) -> None:
    kind = gguf.GGMLQuantizationType[_kind(tensor.name, quantization)]
    writer.add_tensor_info(tensor.name, tensor.shape, np.dtype(np.float16), _bytes(tensor, kind), raw_dtype=kind)


def _bytes(tensor: Tensor, kind: gguf.GGMLQuantizationType) -> int:
    values, block_bytes = gguf.GGML_QUANT_SIZES[kind]
    return int(np.prod(tensor.shape)) // values * block_bytes


def _write_tensors(file: BinaryIO, kept: tuple[Tensor, ...], quantization: str, sparse: bool) -> None:
    """Each tensor at the next multiple of the format's alignment."""
    end = file.seek(0, 2)
    for tensor in kept:
        kind = _kind(tensor.name, quantization)
        start = gguf.GGUFWriter.ggml_pad(end, gguf.GGUF_DEFAULT_ALIGNMENT)
        end = start + _bytes(tensor, gguf.GGMLQuantizationType[kind])
        if not sparse:
            file.seek(start)
            _repeat(file, _tile(tensor, kind), end - start)
    file.truncate(gguf.GGUFWriter.ggml_pad(end, gguf.GGUF_DEFAULT_ALIGNMENT))


def _repeat(file: BinaryIO, tile: bytes, count_bytes: int) -> None:
    whole, rest = divmod(count_bytes, len(tile))
    for _ in range(whole):
        file.write(tile)
    file.write(tile[:rest])


def _tile(tensor: Tensor, kind: str) -> bytes:
    """Random values for a matrix, sized to keep what it multiplies as large as it was; constants for the rest."""
    if tensor.name.endswith("ssm_a"):
        return np.full(1, DECAY, np.float32).tobytes()
    if "norm" in tensor.name:
        return np.ones(1, np.float32).tobytes()
    rng, scale = np.random.RandomState(SEED), tensor.shape[-1] ** -0.5
    if kind in STEPS:
        return _blocks(rng, kind, scale / STEPS[kind])
    values = rng.standard_normal(TILE_VALUES) * scale
    return bytes(values.astype(np.float16 if kind == "F16" else np.float32).tobytes())


def _blocks(rng: np.random.RandomState, kind: str, step: float) -> bytes:
    """Quantised blocks as ggml lays them out: a float16 step, then the integers."""
    block_bytes = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType[kind]][1]
    blocks = rng.randint(0, 256, (TILE_VALUES // BLOCK_VALUES, block_bytes)).astype(np.uint8)
    blocks[:, :2] = np.full((len(blocks), 1), step, np.float16).view(np.uint8)
    return blocks.tobytes()
