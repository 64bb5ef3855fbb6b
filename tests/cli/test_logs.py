"""An engine's log as it is, as it grows, and when it is begun anew or removed under the reader's eyes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.adapters.in_memory import InMemoryRuntime
from orchestrator.cli import follow
from orchestrator.cli.follow import growth
from orchestrator.cli.main import run
from tests.cli.conftest import Qorch


@pytest.fixture
def log(tmp_path: Path, runtime: InMemoryRuntime) -> Path:
    path = tmp_path / "engine-b.log"
    path.write_text("one\ntwo\nthree\n")
    (tmp_path / "engine-a.log").write_text("of another\n")
    runtime.logs = {"a": tmp_path / "engine-a.log", "b": path}
    return path


def rotate(log: Path) -> None:
    with log.open("a") as writing:
        writing.write("last\n")
    log.rename(log.with_suffix(".1"))
    log.write_text("a longer first line of the new log\n")


def test_the_youngest_is_shown_and_named_on_stderr(qorch: Qorch, log: Path) -> None:
    done = qorch("logs")
    assert (done.code, done.out, done.err) == (0, "one\ntwo\nthree\n", "==> engine-b\n")


def test_a_replica_can_be_named(qorch: Qorch, log: Path) -> None:
    assert qorch("logs", "a").out == "of another\n"


def test_an_unknown_one_is_exit_2_with_those_that_there_are(qorch: Qorch, log: Path) -> None:
    done = qorch("logs", "nobody")
    assert (done.code, done.out) == (2, "")
    assert done.error == "there is no replica 'nobody'; there are: a, b"


@pytest.mark.parametrize(("count", "text"), [(0, ""), (1, "three\n"), (2, "two\nthree\n"), (9, "one\ntwo\nthree\n")])
def test_tail_is_the_last_lines(qorch: Qorch, log: Path, count: int, text: str) -> None:
    assert qorch("logs", "--tail", str(count)).out == text


@pytest.mark.usefixtures("home")
def test_bytes_that_are_no_text_come_as_they_are(log: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    data = "grün\n".encode() + b"\xff\xfe half: \xc3"
    log.write_bytes(data)
    assert run(["logs"]) == 0
    assert capsysbinary.readouterr().out == data


def test_following_ends_when_the_fleet_is_taken_down(qorch: Qorch, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "PERIOD_S", 0.01)

    def live() -> None:
        time.sleep(0.1)
        with log.open("a") as writing:
            writing.write("four\n")
        log.unlink()

    writer = threading.Thread(target=live)
    writer.start()
    done = qorch("logs", "-f", "--tail", "1")
    writer.join()
    assert (done.code, done.out) == (0, "three\nfour\n")
    assert done.err.endswith("==> engine-b has been removed\n")


class TestGrowth:
    """Step by step: each nap changes the file."""

    @pytest.fixture
    def follow_through(self, log: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., bytes]:
        def following(*changes: Callable[[], object]) -> bytes:
            steps: Iterator[Callable[[], object]] = iter([*changes, log.unlink])
            monkeypatch.setattr(follow.time, "sleep", lambda _: next(steps)())
            with log.open("rb") as reading:
                reading.seek(0, 2)
                return b"".join(growth(reading, log))

        return following

    def test_what_is_appended_is_told_also_half_a_character_at_a_time(
        self, log: Path, follow_through: Callable[..., bytes]
    ) -> None:
        def append(data: bytes) -> Callable[[], object]:
            return lambda: log.write_bytes(log.read_bytes() + data)

        assert follow_through(append(b"gr\xc3"), append(b"\xbcn\n")) == "grün\n".encode()

    def test_one_that_is_begun_anew_is_read_from_its_beginning(
        self, log: Path, follow_through: Callable[..., bytes]
    ) -> None:
        assert follow_through(lambda: log.write_text("new\n")) == b"new\n"

    def test_one_that_another_takes_the_place_of_is_read_to_its_end_and_then_the_other(
        self, log: Path, follow_through: Callable[..., bytes]
    ) -> None:
        assert follow_through(lambda: rotate(log)) == b"last\na longer first line of the new log\n"

    def test_nothing_is_lost_where_it_is_rotated_between_two_looks(
        self, log: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Late:
            """The log's path; the first who looks at it is too late."""

            def stat(self) -> os.stat_result:
                if not log.with_suffix(".1").exists():
                    rotate(log)
                return log.stat()

            def open(self, mode: str) -> object:
                return log.open(mode)

        monkeypatch.setattr(follow.time, "sleep", lambda _: log.unlink())
        with log.open("rb") as reading:
            reading.seek(0, 2)
            assert b"".join(growth(reading, Late())).startswith(b"last\na longer")  # type: ignore[arg-type]
