"""A fleet's file of scaling: what its policy keeps, for people, for metrics, and for a controller that restarts."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from orchestrator.adapters.files import file_version, write_private
from orchestrator.adapters.typed_json import TypedJson
from orchestrator.core.fleet import Decided
from orchestrator.core.scaling.decision import DecisionStep, ScalingDecision
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
        decision = data["decision"]
        steps = tuple(DecisionStep(**step) for step in decision["steps"])
        made = ScalingDecision(dict(decision["replicas"]), steps, dict(decision["wanted"]))
        return Decided(float(data["memory"]["looked_at_s"]), made)
    except (OSError, ValueError, KeyError, TypeError):
        return None


class StateFile:
    """The same file for one that asks often: it is read again only when it was written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._version: tuple[int, ...] = ()
        self._state: PoolState | None = None

    def read(self) -> PoolState | None:
        """None where there is none that can be read."""
        version = file_version(self._path)
        if version != self._version:
            with suppress(ValueError):
                self._state, self._version = None, version
                self._state = read_state(self._path)
        return self._state
