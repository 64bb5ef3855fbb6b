"""A fleet's file of scaling: what its policy keeps, for people, for metrics, and for a controller that restarts."""

from __future__ import annotations

import json
from pathlib import Path

from orchestrator.adapters.files import write_private
from orchestrator.adapters.typed_json import TypedJson
from orchestrator.core.fleet import Decided, decided_from_data
from orchestrator.core.scaling.pool_state import PoolState

JSON: TypedJson[PoolState] = TypedJson(PoolState)


def write_state(path: Path, state: PoolState) -> None:
    """Raises OSError."""
    write_private(path, JSON.dump(state).decode() + "\n")


def read_state(path: Path) -> PoolState | None:
    """None where there is none yet; raises ValueError for one that is damaged, or another version's."""
    try:
        text = path.read_bytes()
    except OSError:
        return None
    try:
        return JSON.load(text.removesuffix(b"\n"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged, or another version's: {error}") from None


def read_decision(path: Path) -> Decided | None:
    """The last decision; None where none can be read. Plain JSON: pydantic takes longer to load than `status` may."""
    try:
        data = json.loads(path.read_bytes())
        return decided_from_data({**data, "at_s": data["memory"]["looked_at_s"], "before": {}})
    except (OSError, ValueError, KeyError, TypeError):
        return None
