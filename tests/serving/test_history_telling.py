"""What a policy's history becomes where its disk is out of reach: told in parts, bounded, and not lost with a head."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from orchestrator.adapters import history_writer
from orchestrator.adapters.history_writer import HistoryWriter
from orchestrator.adapters.in_memory_parts import InMemoryParts
from orchestrator.adapters.part_values import minutes_from, segment_from
from orchestrator.adapters.scaling_history import ScalingHistory
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.scaling import history_parts
from orchestrator.core.scaling.history_parts import DAY_S
from orchestrator.core.scaling.load_minutes import LoadMinute
from orchestrator.core.scaling.looks import Segment
from orchestrator.core.scaling.verify import verified
from orchestrator.serving import history_telling
from orchestrator.serving.history_record import TELL_PERIOD_S, HistoryRecord
from tests.adapters.recorded_pool import looked
from tests.core.scaling.seen_pools import PoolRun


class CountingParts(InMemoryParts):
    """Keeps the names of what was put; while it is `unread` it tells nothing, and takes all."""

    def __init__(self) -> None:
        super().__init__()
        self.put_names: list[str] = []
        self.unread = ""

    def names(self) -> tuple[str, ...]:
        if self.unread:
            raise EnvironmentNotReady(self.unread)
        return super().names()

    def put(self, name: str, value: bytes) -> None:
        super().put(name, value)
        self.put_names.append(name)


class Head:
    """A policy's history on a disk of its own; what is told is waited for."""

    def __init__(self, folder: Path, parts: InMemoryParts, run: PoolRun | None = None) -> None:
        self.path, self.parts, self.run = folder / "history.db", parts, run or PoolRun()
        self.record = HistoryRecord(self.path, parts)

    def watch(self, seconds: int) -> None:
        for _ in range(seconds // 5):
            before = self.run.memory
            self.record.add(before, [looked(self.run, 9.0) for _ in range(5)], [])
            if self.record._telling and self.record._telling._round:
                self.record._telling._round.result()


@pytest.fixture
def parts() -> CountingParts:
    return CountingParts()


@pytest.fixture
def warned(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    logging.getLogger("ray.serve").propagate = True
    caplog.set_level(logging.WARNING, "ray.serve")
    return caplog


def minutes(parts: InMemoryParts) -> tuple[LoadMinute, ...]:
    names = sorted(name for name in parts.values if name.startswith("minutes/"))
    return tuple(minute for name in names for minute in minutes_from(parts.values[name]))


def segments(parts: InMemoryParts) -> list[Segment]:
    return [segment_from(parts.values[name]) for name in sorted(parts.values) if name.startswith("looks/")]


def test_it_is_told_once_a_minute_and_at_the_end(tmp_path: Path, parts: CountingParts) -> None:
    head = Head(tmp_path, parts)
    head.watch(5)
    assert sum(len(each.looks) for each in segments(parts)) == 5
    head.watch(round(TELL_PERIOD_S) - 5)
    assert sum(len(each.looks) for each in segments(parts)) == 5
    head.watch(5)
    assert sum(len(each.looks) for each in segments(parts)) == TELL_PERIOD_S + 5
    head.watch(20)
    head.record.close()
    assert minutes(parts) == ScalingHistory(head.path).minutes()
    assert segments(parts) == list(ScalingHistory(head.path).segments())


def test_what_has_not_grown_is_not_told_again(
    tmp_path: Path, parts: CountingParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_writer, "SEGMENT_LOOKS", 60)
    head = Head(tmp_path, parts)
    head.watch(245)
    head.record.close()
    assert len(segments(parts)) == 5
    assert [parts.put_names.count(name) for name in sorted(parts.values) if name.startswith("looks/")] == [
        2,
        2,
        2,
        2,
        1,
    ]
    assert parts.put_names[-1] == max(name for name in parts.values if name.startswith("minutes/"))


def test_a_head_on_an_empty_disk_goes_on_where_the_one_before_it_was(tmp_path: Path, parts: CountingParts) -> None:
    old = Head(tmp_path / "old", parts)
    old.watch(100)
    old.record.close()
    before = minutes(parts)
    new = Head(tmp_path / "new", parts, old.run)
    new.watch(100)
    new.record.close()
    after = minutes(parts)
    assert after[: len(before) - 1] == before[:-1]
    assert sum(each.watched_s for each in after) == 199
    assert after == ScalingHistory(new.path).minutes()
    *_, found = verified(segments(parts))
    assert (found.looks, found.difference) == (200, None)


def test_a_store_that_lost_everything_has_it_again_from_the_disk(tmp_path: Path, parts: CountingParts) -> None:
    first = Head(tmp_path, parts)
    first.watch(100)
    first.record.close()
    told, parts.values = parts.values, {}
    second = Head(tmp_path, parts, first.run)
    second.watch(5)
    second.record.close()
    assert parts.values.keys() >= told.keys()
    assert sum(each.watched_s for each in minutes(parts)) == 104


def test_a_controller_that_restarts_on_its_disk_tells_nothing_twice(tmp_path: Path, parts: CountingParts) -> None:
    first = Head(tmp_path, parts)
    first.watch(100)
    first.record.close()
    second = Head(tmp_path, parts, first.run)
    second.watch(100)
    second.record.close()
    assert sum(each.watched_s for each in minutes(parts)) == 199
    *_, found = verified(segments(parts))
    assert found.looks == 200


def test_what_is_on_the_disk_is_newer_than_what_was_told_of_it(tmp_path: Path, parts: CountingParts) -> None:
    killed = Head(tmp_path, parts)
    killed.watch(50)
    assert sum(each.watched_s for each in minutes(parts)) == 4
    second = Head(tmp_path, parts, killed.run)
    second.watch(5)
    second.record.close()
    assert sum(each.watched_s for each in minutes(parts)) == 54


def test_the_oldest_gives_way_also_what_another_head_has_told(
    tmp_path: Path, parts: CountingParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_writer, "SEGMENT_LOOKS", 60)
    old = Head(tmp_path / "old", parts)
    old.watch(300)
    old.record.close()
    first = min(name for name in parts.values if name.startswith("looks/"))
    most = sum(len(value) for name, value in parts.values.items() if name.startswith("looks/"))
    monkeypatch.setattr(history_parts, "MOST_LOOKS_BYTES", most)
    monkeypatch.setattr(history_parts, "MOST_DAYS", 2)
    new = Head(tmp_path / "new", parts, old.run)
    for _ in range(3):
        new.run.now_s += DAY_S
        new.watch(120)
    new.record.close()
    assert first not in parts.values
    assert sum(len(value) for name, value in parts.values.items() if name.startswith("looks/")) <= most
    assert len([name for name in parts.values if name.startswith("minutes/")]) == 2
    assert segments(parts)[-1] == list(ScalingHistory(new.path).segments())[-1]


def test_nothing_is_told_over_what_could_not_be_read(
    tmp_path: Path, parts: CountingParts, warned: pytest.LogCaptureFixture
) -> None:
    old = Head(tmp_path / "old", parts)
    old.watch(100)
    old.record.close()
    before, told = dict(parts.values), minutes(parts)
    parts.unread = "Ray's GCS tells nothing now"
    new = Head(tmp_path / "new", parts, old.run)
    new.watch(30)
    assert "the history that was told before is not here yet: Ray's GCS tells nothing now" in warned.text
    assert parts.values == before
    parts.unread = ""
    new.watch(60)
    new.record.close()
    assert minutes(parts)[: len(told) - 1] == told[:-1]


def test_a_store_that_is_away_is_said_and_has_all_of_it_once_it_is_back(
    tmp_path: Path, parts: CountingParts, warned: pytest.LogCaptureFixture
) -> None:
    head = Head(tmp_path, parts)
    head.watch(5)
    parts.away = "Ray's GCS takes nothing now"
    head.watch(60)
    assert "gateways are not told of the history: Ray's GCS takes nothing now" in warned.text
    parts.away = ""
    head.watch(60)
    head.record.close()
    assert segments(parts) == list(ScalingHistory(head.path).segments())
    assert "Traceback" not in warned.text


def test_a_part_of_another_version_is_dropped_and_said(
    tmp_path: Path, parts: CountingParts, warned: pytest.LogCaptureFixture
) -> None:
    parts.values = {"minutes/3": b"nonsense", "no part": b"left alone"}
    head = Head(tmp_path, parts)
    head.watch(5)
    assert "minutes/3 of what was told of the history is dropped: it is damaged" in warned.text
    assert "minutes/3" not in parts.values
    assert parts.values["no part"] == b"left alone"
    assert len(minutes(parts)) == 1


def test_one_that_is_too_large_is_said_once_and_left_out(
    tmp_path: Path, parts: CountingParts, warned: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_telling, "MOST_PART_BYTES", 300)
    head = Head(tmp_path, parts)
    head.watch(5)
    head.record.close()
    assert segments(parts) == []
    assert len(minutes(parts)) == 1
    assert warned.text.count("bytes, and is not told") == 1


def test_without_a_store_nothing_is_told(tmp_path: Path) -> None:
    record = HistoryRecord(tmp_path / "history.db", None)
    run = PoolRun()
    record.add(None, [looked(run, 9.0)], [])
    record.close()
    assert len(ScalingHistory(tmp_path / "history.db").minutes()) == 1


def test_looks_of_a_large_pool_are_told_in_smaller_parts(
    tmp_path: Path, parts: CountingParts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_writer, "SEGMENT_BYTES", 1500)
    head = Head(tmp_path, parts)
    head.watch(100)
    head.record.close()
    assert len(segments(parts)) > 2
    *_, found = verified(segments(parts))
    assert (found.looks, found.difference) == (100, None)


def test_a_history_of_before_goes_on(tmp_path: Path) -> None:
    """Whose segments were counted, and not named by their times."""
    import sqlite3

    path = tmp_path / "history.db"
    run = PoolRun()
    writer = HistoryWriter(path)
    writer.add(None, [looked(run, 9.0)], [])
    writer.close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute("UPDATE pieces SET segment = 1")
        database.execute("UPDATE segments SET id = 1")
    HistoryWriter(path).add(run.memory, [looked(run, 9.0)], [])
    assert [len(each.looks) for each in ScalingHistory(path).segments()] == [1, 1]
