"""The demo as a GGUF file of the architecture `qwen35`, as llama.cpp reads it."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

from orchestrator.adapters.demo_model import dimensions as d
from orchestrator.adapters.demo_model.tokenizer import (
    CHAT_TEMPLATE,
    CONTROLS,
    END_OF_TEXT,
    IM_END,
    SPECIALS,
    demo_tokenizer,
)
from orchestrator.adapters.demo_model.weights import Array

NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "linear_attn.in_proj_qkv": "attn_qkv",
    "linear_attn.in_proj_z": "attn_gate",
    "linear_attn.in_proj_b": "ssm_beta",
    "linear_attn.in_proj_a": "ssm_alpha",
    "linear_attn.conv1d": "ssm_conv1d",
    "linear_attn.norm": "ssm_norm",
    "linear_attn.out_proj": "ssm_out",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "post_attention_norm",
}
KEPT_IN_FLOAT32 = ("norm", "ssm_conv1d", "ssm_a", "ssm_dt")  # what llama.cpp multiplies element by element


def write_gguf(path: Path, weights: dict[str, Array]) -> None:
    writer = gguf.GGUFWriter(path, "qwen35")
    _describe(writer)
    add_tokenizer(writer, len(demo_tokenizer().tokens))
    for name, tensor in weights.items():
        _add_tensor(writer, *converted(name, tensor))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def converted(name: str, tensor: Array) -> tuple[str, Array]:
    """A tensor of the checkpoint as llama.cpp names and stores it.

    llama.cpp orders value heads otherwise than the checkpoint where they outnumber the key heads; here they
    are as many, so every row stays where it is. The query projection keeps its order too: query, gate, per head.
    """
    if name.endswith(".A_log"):
        return f"{_prefix(name)}ssm_a", (-np.exp(tensor, dtype=np.float64)).astype(np.float32)
    if name.endswith(".dt_bias"):
        return f"{_prefix(name)}ssm_dt.bias", tensor
    stem = name.removesuffix(".weight")
    if stem.startswith("model.layers."):
        stem = stem.split(".", 3)[3]
    if "norm" in stem and stem != "linear_attn.norm":
        tensor = 1 + tensor  # llama.cpp multiplies by the weight itself
    return f"{_prefix(name)}{NAMES[stem]}.weight", tensor.squeeze(1) if tensor.ndim == 3 else tensor


def _prefix(name: str) -> str:
    return f"blk.{name.split('.')[2]}." if name.startswith("model.layers.") else ""


def _add_tensor(writer: gguf.GGUFWriter, name: str, tensor: Array) -> None:
    plain = any(part in name for part in KEPT_IN_FLOAT32)
    writer.add_tensor(name, np.ascontiguousarray(tensor, np.float32 if plain else np.float16))


def _describe(writer: gguf.GGUFWriter) -> None:
    writer.add_name("qorch demo (random weights, Qwen 3.5 architecture)")
    writer.add_description(
        "A stand-in that qorch makes on this machine: tiny, random weights, answers without sense. Not a Qwen model."
    )
    writer.add_license("apache-2.0")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_block_count(d.NUM_HIDDEN_LAYERS)
    writer.add_context_length(d.MAX_POSITION_EMBEDDINGS)
    writer.add_embedding_length(d.HIDDEN_SIZE)
    writer.add_feed_forward_length(d.INTERMEDIATE_SIZE)
    writer.add_head_count(d.NUM_ATTENTION_HEADS)
    writer.add_head_count_kv(d.NUM_KEY_VALUE_HEADS)
    writer.add_key_length(d.HEAD_DIM)
    writer.add_value_length(d.HEAD_DIM)
    writer.add_layer_norm_rms_eps(d.RMS_NORM_EPS)
    writer.add_rope_freq_base(d.ROPE_THETA)
    writer.add_rope_dimension_count(int(d.HEAD_DIM * d.PARTIAL_ROTARY_FACTOR))
    writer.add_rope_dimension_sections([*d.MROPE_SECTION, 0])
    writer.add_full_attention_interval(d.FULL_ATTENTION_INTERVAL)
    writer.add_ssm_conv_kernel(d.LINEAR_CONV_KERNEL_DIM)
    writer.add_ssm_state_size(d.LINEAR_HEAD_DIM)
    writer.add_ssm_group_count(d.LINEAR_NUM_KEY_HEADS)
    writer.add_ssm_time_step_rank(d.LINEAR_NUM_VALUE_HEADS)
    writer.add_ssm_inner_size(d.VALUE_DIM)


def add_tokenizer(writer: gguf.GGUFWriter, vocab_size: int) -> None:
    """The demo's tokenizer; what a larger vocabulary has beyond it are unused tokens."""
    tokenizer = demo_tokenizer()
    unused = [f"[unused{number}]" for number in range(vocab_size - len(tokenizer.tokens))]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen35")
    writer.add_token_list([*tokenizer.tokens, *unused])
    writer.add_token_types([*map(_kind, tokenizer.tokens), *(gguf.TokenType.UNUSED for _ in unused)])
    writer.add_token_merges(list(tokenizer.merges))
    writer.add_eos_token_id(tokenizer.ids[IM_END])
    writer.add_pad_token_id(tokenizer.ids[END_OF_TEXT])
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def _kind(token: str) -> gguf.TokenType:
    """As llama.cpp's converter has it: control tokens stay out of answers, marks as <think> are part of them."""
    if token in SPECIALS:
        return gguf.TokenType.CONTROL if token in CONTROLS else gguf.TokenType.USER_DEFINED
    return gguf.TokenType.NORMAL
