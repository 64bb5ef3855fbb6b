"""The file of a fleet's scaling: what was written comes back bit for bit, and nothing from what is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.scaling_file import JSON, read_decision, read_state, write_state
from orchestrator.core.scaling.pool_state import Changes, PoolState
from tests.core.scaling.seen_pools import BEGIN_S, NAME, POLICY, PRIOR, PoolRun


@pytest.fixture
def state() -> PoolState:
    run = PoolRun()
    run.run(60, 9.0)
    assert run.decision is not None
    assert run.memory is not None
    return PoolState(run.goal, POLICY, PRIOR, run.decision, run.memory, {NAME: Changes(2, 1)})


def test_it_comes_back_as_it_was_written(state: PoolState, tmp_path: Path) -> None:
    path = tmp_path / "scaling.json"
    write_state(path, state)
    assert read_state(path) == state
    decided = read_decision(path)
    assert decided is not None
    assert (decided.at_s, decided.decision) == (BEGIN_S + 60, state.decision)
    assert path.stat().st_mode & 0o077 == 0


def test_where_there_is_none_there_is_nothing(tmp_path: Path) -> None:
    assert read_state(tmp_path / "scaling.json") is None
    assert read_decision(tmp_path / "scaling.json") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"version": 1}', '{"policy": {}}', "\x00", "null"])
def test_a_damaged_one_is_refused_with_its_name_and_what_is_wrong(tmp_path: Path, text: str) -> None:
    path = tmp_path / "scaling.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"scaling.json is damaged, or another version's: \S"):
        read_state(path)
    assert read_decision(path) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"watched_s":', b'"watched_s":"long","was":'),  # another type, and one more
        (b'"policy":{', b'"policy":{"unknown":1.0,'),
        (b',"owed":0.0', b""),  # one less, although it has a default
        (b'"tracks":{', b'"tracks":{"r9":[1.0],'),
        (b'"up":2', b'"up":2.5'),
        (b'"up":2', b'"up":true'),
    ],
)
def test_another_versions_is_never_half_read(state: PoolState, tmp_path: Path, old: bytes, new: bytes) -> None:
    text = JSON.dump(state)
    assert old in text
    (tmp_path / "scaling.json").write_bytes(text.replace(old, new, 1))
    with pytest.raises(ValueError, match="another version's"):
        read_state(tmp_path / "scaling.json")
