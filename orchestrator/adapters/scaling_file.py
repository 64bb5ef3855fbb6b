"""A fleet's file of scaling: the last decision, for people, and what was learned, for a controller that restarts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from orchestrator.adapters.decision_log import decided_from_data
from orchestrator.adapters.files import write_private
from orchestrator.core.fleet import Decided
from orchestrator.core.scaling.decision import ScalingDecision
from orchestrator.core.scaling.memory_data import from_data, to_data
from orchestrator.core.scaling.pool_memory import PoolMemory

VERSION = 1


def decisions_path(path: Path) -> Path:
    """Where the decisions before the last one are, beside a file of scaling."""
    return path.with_name("decisions.jsonl")


def write_scaling(path: Path, decision: ScalingDecision, memory: PoolMemory) -> None:
    data = {"version": VERSION, "decision": to_data(decision), "memory": to_data(memory)}
    write_private(path, json.dumps(data) + "\n")


def read_memory(path: Path) -> PoolMemory | None:
    """None where there is none yet; raises ValueError for one that is damaged, or another version's."""
    data = _read(path)
    return None if data is None else from_data(PoolMemory, data.get("memory"))


def read_decision(path: Path) -> Decided | None:
    """The last decision; None where none can be read."""
    try:
        data = _read(path)
        return None if data is None else _decision(data)
    except (ValueError, KeyError, TypeError):
        return None


def _decision(data: dict[str, Any]) -> Decided:
    return decided_from_data(float(data["memory"]["looked_at_s"]), data["decision"])


def _read(path: Path) -> dict[str, Any] | None:
    try:
        data = json.loads(path.read_text())
    except OSError:
        return None
    if not isinstance(data, dict) or data.get("version") != VERSION:
        raise ValueError(f"{path} is of another version")
    return data
