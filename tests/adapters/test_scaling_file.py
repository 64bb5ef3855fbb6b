"""The file of a fleet's scaling: a decision for people, a memory for the policy, and neither from what is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.scaling_file import read_decision, read_memory, write_scaling
from tests.core.scaling.seen_pools import BEGIN_S, PoolRun


@pytest.fixture
def run() -> PoolRun:
    run = PoolRun()
    run.run(60, 9.0)
    return run


def test_both_come_back_as_they_were_written(run: PoolRun, tmp_path: Path) -> None:
    path = tmp_path / "scaling.json"
    assert run.decision is not None
    assert run.memory is not None
    write_scaling(path, run.decision, run.memory)
    assert read_memory(path) == run.memory
    decided = read_decision(path)
    assert decided is not None
    assert (decided.at_s, decided.decision) == (BEGIN_S + 60, run.decision)
    assert path.stat().st_mode & 0o077 == 0


def test_where_there_is_none_there_is_nothing(tmp_path: Path) -> None:
    assert read_memory(tmp_path / "scaling.json") is None
    assert read_decision(tmp_path / "scaling.json") is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 2}', '{"version": 1}', '{"version": 1, "memory": []}'])
def test_a_damaged_one_is_no_memory_and_no_decision(tmp_path: Path, text: str) -> None:
    path = tmp_path / "scaling.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"need|version|Expecting"):
        read_memory(path)
    assert read_decision(path) is None
