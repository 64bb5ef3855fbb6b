"""The demo's vision encoder as llama.cpp reads it: a GGUF file of its own, of the architecture `clip`."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

from orchestrator.adapters.demo_model import dimensions as d
from orchestrator.adapters.demo_model.gguf_file import WHAT_IT_IS, write_out
from orchestrator.adapters.demo_model.weights import Array
from orchestrator.core.parameters import VISION_POSITIONS
from orchestrator.core.profile import Vision

NAMES = {
    "patch_embed.proj": "v.patch_embd",
    "pos_embed": "v.position_embd",
    "norm1": "ln1",
    "norm2": "ln2",
    "attn.qkv": "attn_qkv",
    "attn.proj": "attn_out",
    "mlp.linear_fc1": "ffn_up",
    "mlp.linear_fc2": "ffn_down",
    "merger.norm": "v.post_ln",
    "merger.linear_fc1": "mm.0",
    "merger.linear_fc2": "mm.2",
}


def write_mmproj(path: Path, vision: Vision, weights: dict[str, Array]) -> None:
    """`weights` by their names within the encoder."""
    writer = gguf.GGUFWriter(path, "clip")
    writer.add_type(gguf.GGUFType.MMPROJ)
    writer.add_name(WHAT_IT_IS[0])
    writer.add_description(WHAT_IT_IS[1])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    _describe(writer, vision)
    for name, tensor in weights.items():
        for own_name, values in converted_vision(name, tensor):
            plain = values.ndim == 1 or own_name.startswith("v.position")
            writer.add_tensor(own_name, np.ascontiguousarray(values, np.float32 if plain else np.float16))
    write_out(writer)


def converted_vision(name: str, tensor: Array) -> list[tuple[str, Array]]:
    """A tensor as llama.cpp names it; the patches' projection is cut into one for each moment of a video."""
    stem, kind = name.rsplit(".", 1)
    if tensor.ndim == 5:
        return [("v.patch_embd.weight", tensor[:, :, 0]), ("v.patch_embd.weight.1", tensor[:, :, 1])]
    if stem.startswith("blocks."):
        _, layer, part = stem.split(".", 2)
        return [(f"v.blk.{layer}.{NAMES[part]}.{kind}", tensor)]
    return [(f"{NAMES[stem]}.{kind}", tensor)]


def _describe(writer: gguf.GGUFWriter, v: Vision) -> None:
    writer.add_clip_has_vision_encoder(True)
    writer.add_clip_projector_type(gguf.VisionProjectorType.QWEN3VL)
    writer.add_vision_projection_dim(v.out_hidden_size)
    writer.add_vision_image_size(int(VISION_POSITIONS**0.5) * v.patch_size)
    writer.add_vision_patch_size(v.patch_size)
    writer.add_vision_embedding_length(v.hidden_size)
    writer.add_vision_feed_forward_length(v.intermediate_size)
    writer.add_vision_block_count(v.depth)
    writer.add_vision_head_count(d.VISION_HEADS)
    writer.add_vision_attention_layernorm_eps(d.RMS_NORM_EPS)
    writer.add_vision_spatial_merge_size(v.spatial_merge_size)
    writer.add_vision_use_gelu(True)
    writer.add_vision_is_deepstack_layers([False] * v.depth)
    writer.add_vision_image_mean(list(d.IMAGE_MEAN))
    writer.add_vision_image_std(list(d.IMAGE_STD))
