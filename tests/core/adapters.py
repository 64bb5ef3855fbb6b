"""Adapters for any architecture, made from what its modules take and give."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from orchestrator.core.lora import Adapter, Lora, Pair
from orchestrator.core.lora_widths import Width, end_widths, expert_widths, layer_widths
from orchestrator.core.profile import Architecture, Experts
from tests.core.family import ARCHITECTURES

TEXT_ONLY = {f"{name}, text only": replace(one, vision=None) for name, one in ARCHITECTURES.items()}
EVERY = {**ARCHITECTURES, **TEXT_ONLY}
architectures = st.sampled_from(sorted(EVERY)).map(EVERY.__getitem__)
PREFIXES = ("model.", "model.language_model.")


def layer_modules(architecture: Architecture, layer: int) -> dict[str, Width]:
    """All of a layer by their names in it, single experts as well where the layout has them."""
    single = _single_experts(architecture, architecture.experts) if architecture.experts else {}
    return {**layer_widths(architecture, layer), **({} if architecture.vision else single)}


def _single_experts(architecture: Architecture, experts: Experts) -> dict[str, Width]:
    widths = expert_widths(architecture, experts)
    return {f"mlp.experts.{n}.{name}": width for n in range(experts.num_experts) for name, width in widths.items()}


def pair(module: str, width: Width, rank: int) -> Pair:
    rows = rank * width.copies
    return Pair(module, (rows, width.inputs), (width.outputs, rows))


def adapter(
    architecture: Architecture, rank: int = 8, layers: tuple[int, ...] = (0, 3), prefix: str = "model."
) -> Adapter:
    """Of every module of some layers, and of embedding and head."""
    ends = {name if name == "lm_head" else prefix + name: width for name, width in end_widths(architecture).items()}
    named = {
        f"{prefix}layers.{layer}.{name}": width
        for layer in layers
        for name, width in layer_modules(architecture, layer).items()
    }
    return Adapter((rank,), tuple(pair(module, width, rank) for module, width in {**named, **ends}.items()))


def lora(architecture: Architecture | None, name: str = "mine", rank: int = 8, base: str = "") -> Lora:
    assert architecture is not None
    return Lora(name, f"/adapters/{name}", replace(adapter(architecture, rank), base=base))
