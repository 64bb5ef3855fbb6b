"""Whether an adapter's factors are as wide as the modules of a Qwen 3.5 architecture.

vLLM 0.33.0 copies a factor into the corner of a buffer (lora/layers/*.py, `set_lora`): one that is too small changes
the wrong numbers in silence, and one whose module it does not find by its name changes nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache

from orchestrator.core.lora import Adapter, Pair
from orchestrator.core.lora_widths import Width, end_widths, expert_widths, layer_widths
from orchestrator.core.profile import Architecture

TEXT, PART = "model.", "model.language_model."  # in a text-only model, and beside a vision encoder
LAYER = re.compile(r"model\.(?:language_model\.)?layers\.(?P<layer>0|[1-9][0-9]{0,3})\.(?P<module>.+)")
END = re.compile(r"model\.(?:language_model\.)?embed_tokens|lm_head")
EXPERT = re.compile(r"mlp\.experts\.(?P<expert>0|[1-9][0-9]{0,4})\.(?P<projection>\w+)")
TOGETHER = (
    ("linear_attn.in_proj_z", "linear_attn.in_proj_qkv"),  # column_parallel_linear.py, `expand_packed_lora`
    ("mlp.experts", "mlp.experts.base_layer"),  # model_manager.py, `_stack_moe_lora_weights`
    ("mlp.experts.base_layer", "mlp.experts"),
)  # the first is taken with the second only, in vLLM 0.33.0


@lru_cache(maxsize=256)  # each adapter is held against every profile, on every group of hosts
def mismatch(adapter: Adapter, architecture: Architecture) -> str | None:
    """Why the adapter is not of this architecture: the first module that says so, what it needs and what is there."""
    for pair in adapter.pairs:
        width = _width(pair.module, architecture)
        if isinstance(width, str):
            return width
        if problem := _difference(pair, width, adapter.ranks):
            return problem
    return _incomplete({pair.module for pair in adapter.pairs})


def named_as_text_only(adapter: Adapter) -> bool:
    """Whether its modules have the names that the text-only model gives them."""
    return any(pair.module.startswith(TEXT) and not pair.module.startswith(PART) for pair in adapter.pairs)


def _width(module: str, architecture: Architecture) -> Width | str:
    """Of a module by its whole name, or why there is none."""
    if END.fullmatch(module):
        return end_widths(architecture)[module.rpartition(".")[2]]
    match = LAYER.fullmatch(module)
    if match is None:
        return f"{module} is no module of the text model, whose layers are named {TEXT}layers or {PART}layers"
    layer, name = int(match["layer"]), match["module"]
    if layer >= architecture.num_hidden_layers:
        return f"{module}: the model has {architecture.num_hidden_layers} layers"
    found = layer_widths(architecture, layer).get(name) or _of_expert(name, architecture)
    return found or f"{module}: layer {layer} of the model has no {name} that takes an adapter"


def _of_expert(name: str, a: Architecture) -> Width | None:
    """Of a single expert, which only the text-only layout has (vLLM 0.33.0, models/qwen3_5.py `is_3d_moe_weight`)."""
    match = EXPERT.fullmatch(name)
    if match is None or a.experts is None or a.vision or int(match["expert"]) >= a.experts.num_experts:
        return None
    return expert_widths(a, a.experts).get(match["projection"])


def _difference(pair: Pair, width: Width, ranks: tuple[int, ...]) -> str | None:
    """Inputs, outputs and rank of a pair against what its module needs."""
    rows = [rank * width.copies for rank in ranks]
    sizes = (("lora_A", pair.a, 1, width.inputs, "inputs"), ("lora_B", pair.b, 0, width.outputs, "outputs"))
    for factor, shape, side, needed, what in sizes:
        text = " x ".join(map(str, shape))
        if len(shape) != 2 or shape[side] != needed:
            return f"{pair.module}: {factor} is {text}, and the model's has {needed} {what}"
        if shape[1 - side] not in rows or shape[1 - side] != pair.a[0]:
            there = " or ".join(map(str, rows))
            return f"{pair.module}: {factor} is {text}, and the config says rank {there} for both factors"
    return None


def _incomplete(modules: set[str]) -> str | None:
    """What vLLM cannot place alone."""
    for module in sorted(modules):
        for end, other in TOGETHER:
            needed = module.removesuffix(end) + other
            if module.endswith(end) and needed not in modules:
                return f"{module}: vLLM takes it only together with {needed}, which the adapter leaves out"
    return None
