"""The family as public sources describe it, each size with its dimensions, for tests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from orchestrator.core.parameters import Fp8Scope
from orchestrator.core.profile import Architecture, Experts, Precision, Vision

DATA = Path(__file__).parents[1] / "data" / "vllm"
FAMILY = yaml.safe_load((DATA / "family.yaml").read_text())
EXPERT_FIELDS = (
    "num_experts",
    "num_experts_per_tok",
    "moe_intermediate_size",
    "shared_expert_intermediate_size",
)


@dataclass(frozen=True)
class Variant:
    """One published checkpoint."""

    repo: str
    architecture: Architecture
    precision: Precision
    fp8_scope: Fp8Scope
    bytes: int
    bytes_status: str


def architecture(config: dict[str, Any]) -> Architecture:
    fields = {key: value for key, value in config.items() if key not in (*EXPERT_FIELDS, "vision")}
    return Architecture(
        **FAMILY["common"],
        **fields,
        experts=Experts(**{key: config[key] for key in EXPERT_FIELDS}) if "num_experts" in config else None,
        vision=Vision(**config["vision"]) if "vision" in config else None,
    )


MODELS = {model["id"].split("/")[1].lower(): model for model in FAMILY["models"]}
ARCHITECTURES = {name: architecture(model["config"]) for name, model in MODELS.items()}
VARIANTS = [
    Variant(
        repo=one["repo"],
        architecture=ARCHITECTURES[name],
        precision=Precision(one["precision"]),
        fp8_scope=Fp8Scope(one.get("fp8_scope", Fp8Scope.LINEAR_LAYERS)),
        bytes=one["bytes"],
        bytes_status=one["bytes_status"],
    )
    for name, model in MODELS.items()
    for one in model["variants"]
]
