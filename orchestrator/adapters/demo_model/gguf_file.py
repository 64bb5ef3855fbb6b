"""The demo as a GGUF file of the architecture `qwen35`, or `qwen35moe` with experts, as llama.cpp reads it."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

from orchestrator.adapters.demo_model.gguf_metadata import gguf_writer
from orchestrator.adapters.demo_model.weights import Array, of_text, with_single_projections
from orchestrator.core.profile import Architecture

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
    "mlp.gate": "ffn_gate_inp",
    "mlp.experts.gate_proj": "ffn_gate_exps",
    "mlp.experts.up_proj": "ffn_up_exps",
    "mlp.experts.down_proj": "ffn_down_exps",
    "mlp.shared_expert.gate_proj": "ffn_gate_shexp",
    "mlp.shared_expert.up_proj": "ffn_up_shexp",
    "mlp.shared_expert.down_proj": "ffn_down_shexp",
    "mlp.shared_expert_gate": "ffn_gate_inp_shexp",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "post_attention_norm",
}
KEPT_IN_FLOAT32 = ("norm", "ssm_conv1d", "ssm_a", "ssm_dt", "gate_inp")  # multiplied element by element; the router
WHAT_IT_IS = (
    "qorch demo (random weights, Qwen 3.5 architecture)",
    "A stand-in that qorch makes on this machine: tiny, random weights, answers without sense. Not a Qwen model.",
)


def write_gguf(path: Path, architecture: Architecture, weights: dict[str, Array]) -> None:
    writer = gguf_writer(path, architecture, *WHAT_IT_IS)
    writer.add_license("apache-2.0")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    for name, tensor in with_single_projections(of_text(weights)).items():
        _add_tensor(writer, *converted(name, tensor))
    write_out(writer)


def write_out(writer: gguf.GGUFWriter) -> None:
    """All that was added, and an end."""
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
    return f"{_prefix(name)}{NAMES[stem]}.weight", tensor.squeeze()  # a dimension of one is none to llama.cpp


def _prefix(name: str) -> str:
    return f"blk.{name.split('.')[2]}." if name.startswith("model.layers.") else ""


def _add_tensor(writer: gguf.GGUFWriter, name: str, tensor: Array) -> None:
    plain = any(part in name for part in KEPT_IN_FLOAT32)
    writer.add_tensor(name, np.ascontiguousarray(tensor, np.float32 if plain else np.float16))
