"""A fleet's goal as a file, which is read when it was written anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestrator.adapters.goal_file import GoalFile, goal_path, write_goal
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.scaling.schedule import parse_window

GOAL = ScalingGoal(tok_s=900.0, schedule=(parse_window("daily 20:00-06:00 Europe/Berlin min=2"),))


def written(path: Path, at_s: int, text: str) -> None:
    path.write_text(text)
    os.utime(path, (at_s, at_s))


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = goal_path(tmp_path / "scaling.json")
    write_goal(path, GOAL)
    assert GoalFile(path).read() == GOAL
    assert path.stat().st_mode & 0o077 == 0


def test_another_one_is_read_when_it_comes(tmp_path: Path) -> None:
    path = tmp_path / "goal.json"
    write_goal(path, ScalingGoal())
    os.utime(path, (1, 1))
    goals = GoalFile(path)
    assert goals.read() == ScalingGoal()
    write_goal(path, GOAL)
    assert goals.read() == GOAL


def test_where_there_is_none_the_last_one_stands(tmp_path: Path) -> None:
    path = tmp_path / "goal.json"
    goals = GoalFile(path)
    assert goals.read() == ScalingGoal()
    write_goal(path, GOAL)
    goals.read()
    path.unlink()
    assert goals.read() == GOAL


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schedule": 1}', '{"schedule": [], "other": 2}'])
def test_a_damaged_one_is_said_once_and_the_last_one_stands(tmp_path: Path, text: str) -> None:
    path = tmp_path / "goal.json"
    write_goal(path, GOAL)
    goals = GoalFile(path)
    goals.read()
    written(path, 2_000_000_000, text)
    with pytest.raises(ValueError):  # noqa: PT011  # json's own is one as well
        goals.read()
    assert goals.read() == goals.last == GOAL
