"""A fleet's history in its SQLite file: what was written is read, bounded, and never in the way of the policy."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator.adapters import history_writer
from orchestrator.adapters.history_writer import HistoryError, HistoryWriter
from orchestrator.adapters.scaling_history import ScalingHistory
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.fleet import Decided
from orchestrator.core.scaling.decision import DecisionStep, ScalingDecision
from orchestrator.core.scaling.pool_memory import PoolMemory
from orchestrator.core.scaling.verify import verified
from tests.adapters.recorded_pool import Recorded
from tests.core.scaling.seen_pools import BEGIN_S


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "fleet" / "history.db"


@pytest.fixture
def recorded(path: Path) -> Recorded:
    return Recorded(HistoryWriter(path))


def looks(path: Path) -> int:
    return sum(len(each.looks) for each in ScalingHistory(path).segments())


def test_where_there_is_none_there_is_nothing(path: Path) -> None:
    history = ScalingHistory(path)
    assert (history.decisions(), history.minutes(), list(history.segments())) == ((), (), [])
    path.parent.mkdir()
    path.touch()
    assert (history.decisions(), history.minutes(), list(history.segments())) == ((), (), [])
    assert path.stat().st_size == 0


def test_only_its_owner_can_read_it(recorded: Recorded, path: Path) -> None:
    recorded.write(5)
    assert {each.name: each.stat().st_mode & 0o077 for each in path.parent.iterdir()} == {
        "history.db": 0, "history.db-wal": 0, "history.db-shm": 0,
    }  # fmt: skip


def test_decisions_come_back_as_they_were_made_the_latest_of_them(recorded: Recorded, path: Path) -> None:
    steps = (DecisionStep("demand", 1 / 3, "replicas busy"), DecisionStep("odd", float("inf"), ""))
    made = [Decided(BEGIN_S + at, ScalingDecision({"a": at}, steps), {"a": 0}) for at in range(5)]
    recorded.writer.add(None, [recorded.look(1.0)], made)
    history = ScalingHistory(path)
    assert history.decisions() == tuple(made)
    assert history.decisions(most=2) == tuple(made[-2:])
    assert history.decisions(since_s=BEGIN_S + 3) == tuple(made[3:])
    assert history.decisions(most=0) == ()


def test_minutes_grow_as_they_are_watched_and_after_a_restart(recorded: Recorded, path: Path) -> None:
    recorded.write(60)
    before = ScalingHistory(path).minutes()
    recorded.writer.close()
    Recorded(HistoryWriter(path), recorded.run).write(60)
    after = ScalingHistory(path).minutes()
    assert [each.begin_s % 60 for each in after] == [0.0] * len(after)
    assert sum(each.watched_s for each in after) == 119  # the first look is from where it is watched
    assert before[0] == after[0]
    assert sum(each.generation_tokens for each in after) == pytest.approx(119 * 9 * 100, rel=0.01)
    assert ScalingHistory(path).minutes(most=1) == after[-1:]


def test_looks_are_read_in_segments_that_can_be_decided_again(
    recorded: Recorded, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_writer, "SEGMENT_LOOKS", 20)
    recorded.write(100)
    segments = list(ScalingHistory(path).segments())
    assert [len(each.looks) for each in segments] == [20] * 5
    assert segments[0].memory is None
    assert all(isinstance(each.memory, PoolMemory) for each in segments[1:])
    *_, found = verified(segments)
    assert (found.looks, found.difference) == (100, None)


def test_the_oldest_is_forgotten(recorded: Recorded, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_writer, "SEGMENT_LOOKS", 20)
    monkeypatch.setattr(history_writer, "MOST_BYTES", 12_000)
    monkeypatch.setattr(history_writer, "MOST_ROWS", {"decisions": 7, "minutes": 3})
    recorded.write(1200)
    history = ScalingHistory(path)
    assert 40 <= looks(path) <= 400
    assert 7 <= len(history.decisions()) <= 7 + 4
    assert history.decisions()[-1].at_s == BEGIN_S + 1200
    assert 3 <= len(history.minutes()) <= 4
    *_, found = verified(history.segments())
    assert (found.end_s, found.difference) == (BEGIN_S + 1200, None)
    recorded.write(4800)
    recorded.writer.close()
    assert path.stat().st_size < 400_000


def test_two_that_write_at_once_lose_nothing(recorded: Recorded, path: Path) -> None:
    other = Recorded(HistoryWriter(path))
    for _ in range(10):
        recorded.write(5)
        other.write(5)
    assert looks(path) == 100
    assert len(ScalingHistory(path).decisions()) == 20
    *_, found = verified(ScalingHistory(path).segments())
    assert found.difference is None


def test_one_that_waits_too_long_for_another_says_so_and_goes_on(
    recorded: Recorded, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.adapters.history_database.BUSY_TIMEOUT_S", 0.05)
    recorded.write(5)
    with sqlite3.connect(path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(HistoryError, match="cannot be written: database is locked"):
            recorded.write(5)
    recorded.write(5)
    assert looks(path) == 10
    *_, found = verified(ScalingHistory(path).segments())
    assert found.difference is None


def nonsense(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1000)


def torn(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)


def another_version(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 9")


def somebody_elses(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE mine (a)")


def of_another_version_and_empty(path: Path) -> None:
    path.unlink()
    another_version(path)


@pytest.mark.parametrize("damage", [nonsense, torn, another_version, somebody_elses, of_another_version_and_empty])
def test_one_of_no_use_is_set_aside_with_a_message_and_another_begins(
    recorded: Recorded, path: Path, damage: Callable[[Path], None]
) -> None:
    recorded.write(60)
    recorded.writer.close()
    damage(path)
    before = path.read_bytes()
    with pytest.raises(EnvironmentNotReady, match=r"history\.db cannot be read") as unreadable:
        list(ScalingHistory(path).segments())
    assert "mv " in (unreadable.value.hint or "")
    after = Recorded(HistoryWriter(path), recorded.run)
    with pytest.raises(HistoryError, match=r"was of no use: .* it is kept as .*history\.db\.damaged, a new one begins"):
        after.write(5)
    assert path.with_name("history.db.damaged").read_bytes() == before
    after.write(5)
    assert looks(path) == 10
    *_, found = verified(ScalingHistory(path).segments())
    assert found.difference is None


def test_one_that_is_moved_away_while_it_is_written_is_begun_anew(recorded: Recorded, path: Path) -> None:
    recorded.write(10)
    path.replace(path.with_name("mine"))
    recorded.write(5)
    assert looks(path) == 5
    assert path.with_name("mine").exists()
    path.unlink()
    recorded.write(5)
    assert looks(path) == 5


def test_one_that_is_damaged_while_it_is_written_is_set_aside_too(recorded: Recorded, path: Path) -> None:
    recorded.write(60)
    database = recorded.writer._database
    assert database is not None
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    database.execute("PRAGMA shrink_memory")
    torn(path)
    with pytest.raises(HistoryError, match="was of no use"):
        recorded.write(5)
    recorded.write(5)
    assert looks(path) >= 5


def test_a_full_disk_is_said_and_the_next_is_written_again(
    recorded: Recorded, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded.write(5)
    database = recorded.writer._database
    assert database is not None
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(HistoryError, match="cannot be written: database or disk is full"):
        recorded.write(500)
    recorded.write(5)  # by another connection, which has no such bound
    assert not path.with_name("history.db.damaged").exists()
    *_, found = verified(ScalingHistory(path).segments())
    assert found.difference is None


def test_what_cannot_be_written_leaves_nothing_half_written(recorded: Recorded, path: Path) -> None:
    recorded.write(10)
    before, watched = recorded.run.memory, [recorded.look(9.0)]
    with pytest.raises(AttributeError):
        recorded.writer.add(before, watched, [None])  # type: ignore[list-item]
    recorded.write(10)
    assert looks(path) == 20
    *_, found = verified(ScalingHistory(path).segments())
    assert found.difference is None


def test_a_look_of_another_version_is_refused(recorded: Recorded, path: Path) -> None:
    recorded.write(5)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE pieces SET looks = x'ffffff'")
    with pytest.raises(EnvironmentNotReady, match="cannot be read: it is damaged"):
        list(ScalingHistory(path).segments())
