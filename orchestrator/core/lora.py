"""A LoRA adapter as PEFT writes it: the two small factors of each module that it changes, by their shapes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # of a model, as it stands in JSON and in a URL
FACTOR = re.compile(
    r"(?:base_model\.model\.)?(?P<module>[\w.]{1,200})\.lora_(?:embedding_)?(?P<factor>[AB])(?:\.weight)?"
)
WHOLE_ENDS = (".embed_tokens.base_layer.weight", ".lm_head.base_layer.weight")  # copies of the base's own, unused

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Pair:
    """The factors of one module: A is rank x inputs, B is outputs x rank."""

    module: str  # as the base names it, e.g. "model.layers.0.mlp.up_proj"
    a: Shape
    b: Shape


@dataclass(frozen=True)
class Adapter:
    """What was read of an adapter's files."""

    ranks: tuple[int, ...]  # of its modules, by its config
    pairs: tuple[Pair, ...]
    base: str = ""  # the model that it was trained on, by its config


UNREAD = Adapter((), ())


@dataclass(frozen=True)
class Lora:
    """An adapter, the folder that holds it, and the name that a request asks for it by."""

    name: str
    path: str
    adapter: Adapter = UNREAD


def loras_text(loras: Iterable[Lora]) -> str:
    """As `--lora` takes them, for people."""
    return ", ".join(f"{lora.name}={lora.path}" for lora in loras)


def pairs_of(shapes: Mapping[str, Shape]) -> tuple[Pair, ...] | str:
    """The factors among an adapter's tensors, or what is wrong with them."""
    found: dict[str, dict[str, Shape]] = {}
    for name, shape in shapes.items():
        if name.endswith(WHOLE_ENDS):
            continue
        match = FACTOR.fullmatch(name)
        if match is None:
            return f"tensor {name[:200]!r} is neither lora_A nor lora_B of a module"
        found.setdefault(match["module"], {})[match["factor"]] = shape
    single = next((module for module, factors in found.items() if len(factors) == 1), None)
    if single is not None:
        return f"{single} has lora_{'/'.join(found[single])} only, and a pair was expected"
    return tuple(Pair(module, factors["A"], factors["B"]) for module, factors in found.items()) or "it has no tensors"
