"""`--lora NAME=PATH` as adapters whose files are still to be read."""

from __future__ import annotations

import os
from collections.abc import Iterable

from click import BadParameter

from orchestrator.core.lora import NAME, Lora


def parse_loras(texts: Iterable[str]) -> tuple[Lora, ...]:
    """By name; raises BadParameter for what is no NAME=PATH, or one name for two adapters."""
    loras: dict[str, Lora] = {}
    for text in texts:
        lora = _lora(text)
        if lora.name in loras:
            raise BadParameter(f"expected one adapter named {lora.name}, got {loras[lora.name].path} and {lora.path}")
        loras[lora.name] = lora
    return tuple(loras[name] for name in sorted(loras))


def _lora(text: str) -> Lora:
    name, _, path = text.partition("=")
    if not NAME.fullmatch(name) or not path:
        raise BadParameter(
            f"expected NAME=PATH, such as mine=./adapter, with a name of at most 64 of A-Z, a-z, 0-9 and '._-', "
            f"got {text!r}"
        )
    return Lora(name, os.path.abspath(os.path.expanduser(path)))
