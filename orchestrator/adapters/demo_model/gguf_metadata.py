"""What a GGUF file of a Qwen 3.5 says of its architecture and its tokenizer, under llama.cpp's keys."""

from __future__ import annotations

from pathlib import Path

import gguf

from orchestrator.adapters.demo_model import dimensions as d
from orchestrator.adapters.demo_model.tokenizer import (
    CHAT_TEMPLATE,
    CONTROLS,
    END_OF_TEXT,
    IM_END,
    SPECIALS,
    demo_tokenizer,
)
from orchestrator.core.profile import Architecture, Experts


def gguf_writer(path: Path, a: Architecture, name: str, description: str) -> gguf.GGUFWriter:
    """A file of the architecture `qwen35` or `qwen35moe`, described, with the demo's tokenizer, and no tensor yet."""
    writer = gguf.GGUFWriter(path, "qwen35moe" if a.experts else "qwen35")
    writer.add_name(name)
    writer.add_description(description)
    _describe(writer, a)
    _add_tokenizer(writer, a.vocab_size)
    return writer


def _describe(writer: gguf.GGUFWriter, a: Architecture) -> None:
    writer.add_block_count(a.num_hidden_layers)
    writer.add_context_length(d.MAX_POSITION_EMBEDDINGS)
    writer.add_embedding_length(a.hidden_size)
    writer.add_head_count(a.num_attention_heads)
    writer.add_head_count_kv(a.num_key_value_heads)
    writer.add_key_length(a.head_dim)
    writer.add_value_length(a.head_dim)
    writer.add_layer_norm_rms_eps(d.RMS_NORM_EPS)
    writer.add_rope_freq_base(d.ROPE_THETA)
    writer.add_rope_dimension_count(int(a.head_dim * d.PARTIAL_ROTARY_FACTOR))
    writer.add_rope_dimension_sections([*d.MROPE_SECTION, 0])
    writer.add_full_attention_interval(d.FULL_ATTENTION_INTERVAL)
    writer.add_ssm_conv_kernel(a.linear_conv_kernel_dim)
    writer.add_ssm_state_size(a.linear_key_head_dim)
    writer.add_ssm_group_count(a.linear_num_key_heads)
    writer.add_ssm_time_step_rank(a.linear_num_value_heads)
    writer.add_ssm_inner_size(a.linear_num_value_heads * a.linear_value_head_dim)
    if a.experts is None:
        writer.add_feed_forward_length(a.intermediate_size or 0)
    else:
        _describe_experts(writer, a.experts)


def _describe_experts(writer: gguf.GGUFWriter, experts: Experts) -> None:
    writer.add_expert_count(experts.num_experts)
    writer.add_expert_used_count(experts.num_experts_per_tok)
    writer.add_expert_feed_forward_length(experts.moe_intermediate_size)
    writer.add_expert_shared_feed_forward_length(experts.shared_expert_intermediate_size)


def _add_tokenizer(writer: gguf.GGUFWriter, vocab_size: int) -> None:
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
