"""An adapter's folder as PEFT's `save_pretrained` leaves it, for any matrices of a checkpoint."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from orchestrator.adapters.demo_model.checkpoint import safetensors
from orchestrator.adapters.demo_model.dimensions import ARCHITECTURES
from orchestrator.adapters.demo_model.weights import demo_weights, exact

ALPHA, RANK = 16, 8
BEFORE = "base_model.model."
SEED = 8


def lora_tensors(model: str = "demo", rank: int = RANK) -> dict[str, Any]:
    """Factors of every matrix in a stand-in's layers, random, so that a few tokens tell the adapter from its base."""
    rng = np.random.RandomState(SEED)
    tensors = {}
    for name, matrix in demo_weights(ARCHITECTURES[model]).items():
        if _is_adapted(name, matrix):
            module, (outputs, inputs) = BEFORE + name.removesuffix(".weight"), matrix.shape
            tensors[f"{module}.lora_A.weight"] = _random(rng, rank, inputs, scale=inputs**-0.5)
            tensors[f"{module}.lora_B.weight"] = _random(rng, outputs, rank, scale=0.1)
    return tensors


def merged(model: str, tensors: Mapping[str, Any], scaling: float = ALPHA / RANK) -> dict[str, Any]:
    """The stand-in's weights with B x A x scaling added to each matrix, rounded to bfloat16."""
    weights = demo_weights(ARCHITECTURES[model])
    for name in tensors:
        if name.endswith(".lora_A.weight"):
            b = tensors[name.replace("lora_A", "lora_B")]
            weights[name.removeprefix(BEFORE).replace(".lora_A", "")] += scaling * (b @ tensors[name])
    return {name: exact(tensor) for name, tensor in weights.items()}


def lora_folder(folder: Path, tensors: Mapping[str, Any] | None = None, **config: Any) -> Path:
    """`config` replaces fields of adapter_config.json; one that is None is left out."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter_model.safetensors").write_bytes(
        safetensors(dict(lora_tensors() if tensors is None else tensors))
    )
    fields = {"peft_type": "LORA", "r": RANK, "lora_alpha": ALPHA, "target_modules": "all-linear", "bias": "none"}
    fields = {name: value for name, value in {**fields, **config}.items() if value is not None}
    (folder / "adapter_config.json").write_text(json.dumps(fields))
    return folder


def reshaped(module: str, shape: Callable[[tuple[int, ...]], tuple[int, ...]]) -> dict[str, Any]:
    """The stand-in's factors, those whose name ends so with another shape."""
    tensors = lora_tensors()
    changed = {name: np.zeros(shape(one.shape), np.float32) for name, one in tensors.items() if name.endswith(module)}
    assert changed
    return {**tensors, **changed}


def _is_adapted(name: str, matrix: Any) -> bool:
    return name.startswith("model.layers.") and matrix.ndim == 2 and name.endswith(("_proj.weight", *_INPUTS))


_INPUTS = tuple(f"in_proj_{part}.weight" for part in ("qkv", "z", "b", "a"))


def _random(rng: np.random.RandomState, *shape: int, scale: float) -> Any:
    return exact((rng.standard_normal(shape) * scale).astype(np.float32))
