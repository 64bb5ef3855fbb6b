"""A fleet's goal as a file: the policy in Serve's controller reads it anew when it changes.

Ray keeps an application's policy as it was built, and builds all replicas anew where its arguments change.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from orchestrator.adapters.files import write_private
from orchestrator.core.scaling.goal import ScalingGoal, goal_from_data


def goal_path(scaling_path: Path) -> Path:
    """Where the goal is, beside a file of scaling."""
    return scaling_path.with_name("goal.json")


def write_goal(path: Path, goal: ScalingGoal) -> None:
    write_private(path, json.dumps(asdict(goal)) + "\n")


class GoalFile:
    """Reads it at most once for each time that it was written."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_ns = 0
        self.last = ScalingGoal()

    def read(self) -> ScalingGoal:
        """The goal as it stands there, or the last one; raises OSError or ValueError once for each that is damaged."""
        written_ns = self._path.stat().st_mtime_ns if self._path.exists() else self._read_ns
        if written_ns != self._read_ns:
            self._read_ns = written_ns
            self.last = _parsed(self._path.read_text())
        return self.last


def _parsed(text: str) -> ScalingGoal:
    try:
        return goal_from_data(json.loads(text))
    except (TypeError, KeyError) as error:
        raise ValueError(f"a goal of another version: {error}") from error
