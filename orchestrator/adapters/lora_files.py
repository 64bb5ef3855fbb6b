"""A LoRA adapter's folder, read as far as planning needs it: PEFT's config, and the header of its safetensors file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator.adapters.model_files import PICKLES, UnsafeModel
from orchestrator.adapters.safetensors_header import safetensors_shapes
from orchestrator.core.errors import UsageError
from orchestrator.core.lora import Adapter, Lora, pairs_of
from orchestrator.core.vllm_adapters import config_refusal, ranks_of

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
MOST_CONFIG_BYTES, MOST_NAME = 16 * 2**20, 300
MERGE = "merge it into its base with PEFT's merge_and_unload() and serve the result: qorch up --weights PATH"


class LoraError(UsageError):
    """What `--lora` names is no adapter that can be served."""


def read_loras(loras: Iterable[Lora]) -> tuple[Lora, ...]:
    """Each with what its files say; raises QorchError for one that is not there, unsound, or of a kind not served."""
    return tuple(replace(lora, adapter=_adapter(lora)) for lora in loras)


def _adapter(lora: Lora) -> Adapter:
    folder = Path(lora.path)
    if not os.path.isdir(folder):  # False as well where it may not be looked at
        raise LoraError(f"{_named(lora)}: there is no such folder", hint=f"ls {folder.parent}")
    config = _config(lora, folder)
    if refusal := config_refusal(config):
        raise LoraError(f"{_named(lora)}: {refusal}", hint=MERGE)
    pairs = pairs_of(safetensors_shapes(_weights(lora, folder)))
    if isinstance(pairs, str):
        raise LoraError(f"{_named(lora)}: {pairs}", hint=MERGE)
    return Adapter(ranks_of(config), pairs, _base(config))


def _base(config: dict[str, Any]) -> str:
    """Only what may be shown on a terminal."""
    base = config.get("base_model_name_or_path")
    return base if isinstance(base, str) and base.isprintable() and len(base) <= MOST_NAME else ""


def _config(lora: Lora, folder: Path) -> dict[str, Any]:
    path = folder / CONFIG
    if not os.path.isfile(path):  # a pipe would be waited for
        raise LoraError(f"{_named(lora)}: there is no {CONFIG}, which PEFT writes", hint=f"ls -l {folder}")
    try:
        with path.open("rb") as file:
            data = json.loads(file.read(MOST_CONFIG_BYTES))
    except OSError as unreadable:
        raise LoraError(f"{path}: cannot be read: {unreadable.strerror}", hint=f"ls -l {path}") from unreadable
    except (ValueError, RecursionError) as wrong:
        raise LoraError(f"{path}: not JSON that can be read: {wrong}", hint=f"less {path}") from wrong
    if not isinstance(data, dict):
        raise LoraError(f"{path}: expected fields with their values", hint=f"less {path}")
    return data


def _weights(lora: Lora, folder: Path) -> Path:
    """The safetensors file, which is the only one that vLLM opens where it is there."""
    path = folder / WEIGHTS
    if os.path.isfile(path):
        return path
    pickles = sorted(each.name for each in folder.glob("adapter_model.*") if each.name.endswith(PICKLES))
    if pickles:
        raise UnsafeModel(
            f"{_named(lora)}: {pickles[0]} is a pickle, which runs code when it is loaded; expected {WEIGHTS}",
            hint="save it anew with PEFT where you trust it: model.save_pretrained(FOLDER, safe_serialization=True)",
        )
    raise LoraError(f"{_named(lora)}: there is no {WEIGHTS}", hint=f"ls -l {folder}")


def _named(lora: Lora) -> str:
    return f"--lora {lora.name}={lora.path}"
