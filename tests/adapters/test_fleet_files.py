"""A fleet's record and its lock: written whole, understood or refused in plain words, held by one command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.fleet_files import FleetFiles, FleetRecord
from orchestrator.core.errors import EnvironmentNotReady
from tests.app.samples import demo_spec

HOLD = """
import sys
from pathlib import Path
from orchestrator.adapters.fleet_files import FleetFiles
with FleetFiles(Path(sys.argv[1]), "mine").locked("up"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def files(tmp_path: Path) -> FleetFiles:
    return FleetFiles(tmp_path / "state", "mine")


def complete(files: FleetFiles, port: int = 8265) -> FleetRecord:
    """A record as `up` leaves it, with its tokens."""
    record = FleetRecord(created_at_s=1, dashboard_port=port, deployed=demo_spec())
    files.write(record)
    for path in (files.ray_token_path, files.admin_token_path):
        path.write_text("token")
    return record


class TestRecord:
    def test_there_is_none_at_first(self, files: FleetFiles) -> None:
        assert files.read() is None
        assert not files.exist

    def test_it_is_read_as_it_was_written_and_only_its_owner_can(self, files: FleetFiles) -> None:
        assert complete(files) == files.read()
        assert files.record_path.stat().st_mode & 0o077 == 0
        assert files.folder.stat().st_mode & 0o077 == 0

    def test_an_update_changes_what_it_names(self, files: FleetFiles) -> None:
        record = complete(files)
        assert files.update(record, dashboard_port=1) == files.read()
        assert files.read() != record

    def test_before_anything_is_deployed_it_stands_alone(self, files: FleetFiles) -> None:
        files.write(FleetRecord(created_at_s=1))
        assert files.read() == FleetRecord(created_at_s=1, dashboard_port=0, deployed=None)

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{",
            "null",
            "[]",
            "{}",
            '{"deployed": 5}',
            '{"deployed": {"variants": {}}}',
            '{"deployed": null, "x": 1}',
        ],
    )
    def test_a_damaged_one_is_named_and_the_hint_works(self, files: FleetFiles, text: str) -> None:
        complete(files)
        files.record_path.write_text(text)
        with pytest.raises(EnvironmentNotReady, match=re.escape(str(files.record_path))) as raised:
            files.read()
        assert raised.value.hint is not None
        assert raised.value.hint.startswith("qorch down --fleet mine")
        assert files.read_or_forget() is None
        files.remove()
        assert files.read() is None

    def test_bytes_that_are_no_text_are_damage_as_well(self, files: FleetFiles) -> None:
        complete(files)
        files.record_path.write_bytes(b"\xff\xfe")
        with pytest.raises(EnvironmentNotReady, match="is damaged"):
            files.read()

    def test_one_that_cannot_be_opened_says_so(self, files: FleetFiles) -> None:
        files.record_path.mkdir(parents=True)
        with pytest.raises(EnvironmentNotReady, match="cannot be read: Is a directory") as raised:
            files.read()
        assert raised.value.hint == f"ls -l {files.record_path}"

    @pytest.mark.parametrize("token", ["ray_token_path", "admin_token_path"])
    def test_one_without_its_tokens_is_of_no_use(self, files: FleetFiles, token: str) -> None:
        complete(files)
        getattr(files, token).unlink()
        with pytest.raises(EnvironmentNotReady, match="lost the tokens"):
            files.read()

    def test_a_disk_that_is_full_leaves_the_old_record(
        self, files: FleetFiles, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        record = complete(files)

        def full(_: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            files.update(record, dashboard_port=1)
        assert files.read() == record
        assert sorted(path.name for path in files.folder.iterdir()) == ["admin_token", "fleet.json", "ray_token"]

    def test_a_reader_never_sees_half_a_record(self, files: FleetFiles) -> None:
        record, stop, seen = complete(files), threading.Event(), set[int]()

        def rewrite() -> None:
            port = 1
            while not stop.is_set():
                files.update(record, dashboard_port=port)
                port += 1

        writer = threading.Thread(target=rewrite)
        writer.start()
        try:
            while len(seen) < 20:
                found = files.read()
                assert found is not None
                seen.add(found.dashboard_port)
        finally:
            stop.set()
            writer.join()

    def test_a_removed_fleet_leaves_nothing(self, files: FleetFiles) -> None:
        complete(files)
        files.log_dir.mkdir()
        (files.log_dir / "engine-a.log").write_text("x")
        files.remove()
        assert not files.folder.exists()
        files.remove()


class TestLock:
    def test_another_process_that_holds_it_is_named_and_can_be_stopped(self, files: FleetFiles, tmp_path: Path) -> None:
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(tmp_path / "state")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        with holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            with pytest.raises(EnvironmentNotReady) as raised, files.locked("scale"):
                raise AssertionError("both hold the fleet")
            holder.kill()
        assert raised.value.message == f"the fleet 'mine' is being changed by `qorch up` (pid {holder.pid})"
        assert raised.value.hint == f"wait until it is done, or stop it: kill {holder.pid}"
        with files.locked("scale"):
            pass

    def test_other_fleets_are_not_held(self, files: FleetFiles, tmp_path: Path) -> None:
        with files.locked("up"), FleetFiles(tmp_path / "state", "other").locked("up"):
            pass

    def test_the_last_one_leaves_no_folder_behind(self, files: FleetFiles, tmp_path: Path) -> None:
        with files.locked("up"):
            pass
        assert list(tmp_path.iterdir()) == []

    def test_a_fleet_that_stays_keeps_its_folder(self, files: FleetFiles) -> None:
        with files.locked("up"):
            complete(files)
        assert files.read() is not None

    def test_a_lock_that_was_removed_while_it_was_opened_is_nobodys(
        self, files: FleetFiles, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import fcntl

        flock, losses = fcntl.flock, [1, 1]

        def slow(file: Any, how: int) -> None:
            if losses:
                losses.pop()
                os.unlink(file.name)
            flock(file, how)

        monkeypatch.setattr("orchestrator.adapters.fleet_files.fcntl.flock", slow)
        with files.locked("up"):
            monkeypatch.undo()
            with pytest.raises(EnvironmentNotReady), files.locked("scale"):
                raise AssertionError("both hold the fleet")
        assert losses == []

    def test_many_commands_at_once_hold_it_one_at_a_time(self, files: FleetFiles) -> None:
        inside, overlaps = [], []

        def change() -> int:
            held = 0
            for _ in range(100):
                with suppress(EnvironmentNotReady), files.locked("up"):
                    inside.append(1)
                    overlaps.extend(inside[1:])
                    held += 1
                    inside.pop()
            return held

        with ThreadPoolExecutor(4) as threads:
            held = [each.result() for each in [threads.submit(change) for _ in range(4)]]
        assert sum(held) > 0
        assert overlaps == []

    def test_a_state_folder_that_cannot_be_made_is_the_systems_own_words(self, tmp_path: Path) -> None:
        (tmp_path / "state").write_text("")
        with pytest.raises(OSError, match="exists"), FleetFiles(tmp_path / "state", "mine").locked("up"):
            raise AssertionError("held without a folder")


def test_what_is_written_is_json_that_a_person_can_read(files: FleetFiles) -> None:
    complete(files)
    data = json.loads(files.record_path.read_text())
    assert data["deployed"]["variants"][0]["engine"]["profile"] == "demo-gguf"
    assert files.record_path.read_text().count("\n") > 10
