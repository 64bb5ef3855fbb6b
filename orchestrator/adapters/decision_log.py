"""The decisions of a fleet that changed its number of replicas: a line of JSON each, bounded, the oldest forgotten."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orchestrator.core.fleet import Decided
from orchestrator.core.scaling.decision import DecisionStep, ScalingDecision
from orchestrator.core.scaling.memory_data import to_data

MOST_BYTES = 512 * 1024  # of each of the two files, some 400 decisions


def log_decision(path: Path, decided: Decided) -> None:
    """Add one; a file that is full becomes the older of two. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    line = f"\n{json.dumps(to_data(decided))}"  # of its own, wherever a crash has cut the one before
    if path.exists() and path.stat().st_size + len(line) > MOST_BYTES:
        path.replace(_older(path))
    with open(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "a") as file:
        file.write(line)


def logged_decisions(path: Path) -> tuple[Decided, ...]:
    """Those that are remembered, the oldest first; a line that a crash has cut is left out."""
    return tuple(decided for file in (_older(path), path) for decided in _decisions(file))


def _older(path: Path) -> Path:
    return path.with_name(f"{path.name}.1")


def _decisions(path: Path) -> Iterator[Decided]:
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        try:
            data = json.loads(line)
            yield decided_from_data(float(data["at_s"]), data["decision"])
        except (ValueError, KeyError, TypeError):
            continue


def decided_from_data(at_s: float, decision: dict[str, Any]) -> Decided:
    """Raises KeyError or TypeError for what is no decision."""
    steps = tuple(DecisionStep(**step) for step in decision["steps"])
    return Decided(at_s, ScalingDecision(dict(decision["replicas"]), steps))
