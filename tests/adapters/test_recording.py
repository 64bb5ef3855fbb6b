"""adapters.recorder and adapters.recording: files that are whole at any moment, bounded, private, and hard to fool."""

from __future__ import annotations

import gzip
import os
import signal
import stat
import struct
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.adapters.gzip_members import MemberWriter, members
from orchestrator.adapters.recorder import MEMBER_FRAMES, Recorder
from orchestrator.adapters.recording import Recording
from orchestrator.core.errors import UsageError
from orchestrator.core.live.recording import Header, header_line
from orchestrator.core.live.snapshot import ReplicaRow, Snapshot

BEGIN_S = 1_700_000_000.0
MIB = 1 << 20
HEADER = Header("fleet", "0.1.0")


def snapshot(number: int, replicas: int = 2) -> Snapshot:
    rows = tuple(
        ReplicaRow(f"r{place}", "v", "RUNNING", "answers", True, generation_tok_s=float(number + place))
        for place in range(replicas)
    )
    return Snapshot(BEGIN_S + number, "fleet", "Ready", replicas=rows)


def recorded(path: Path, frames: int, limit_bytes: int = MIB, replicas: int = 2) -> Path:
    recorder = Recorder(path, HEADER, limit_bytes)
    for number in range(frames):
        recorder.add(snapshot(number, replicas))
    recorder.close()
    return path


def numbers(recording: Recording, member: int = 0) -> list[int]:
    return [int(each.whole().at_s - BEGIN_S) for each in recording.frames(member)]


def lines_of(path: Path, *lines: bytes) -> Path:
    """A file with one member of these lines after a header."""
    member = MemberWriter()
    data = gzip.compress(f"{header_line(HEADER)}\n".encode()) + member.begin(0, BEGIN_S)
    path.write_bytes(data + b"".join(member.add(line + b"\n") for line in lines) + member.end())
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "fleet.rec"


# -- what was recorded is there


def test_all_that_was_recorded_comes_back_in_order(path: Path):
    recording = Recording(recorded(path, 3 * MEMBER_FRAMES + 5))
    assert recording.header == HEADER
    assert numbers(recording) == list(range(3 * MEMBER_FRAMES + 5))
    assert [each.whole() for each in recording.frames(0)][7] == snapshot(7)
    assert (recording.begin_s, recording.end_s) == (BEGIN_S, BEGIN_S + 3 * MEMBER_FRAMES + 4)


def test_it_can_be_entered_at_any_member(path: Path):
    recording = Recording(recorded(path, 3 * MEMBER_FRAMES))
    member = recording.member_at(BEGIN_S + 2 * MEMBER_FRAMES + 3)
    assert numbers(recording, member) == list(range(2 * MEMBER_FRAMES, 3 * MEMBER_FRAMES))
    assert (recording.member_at(0.0), recording.member_at(BEGIN_S + 1e6)) == (0, 2)


def test_a_bare_snapshot_has_no_rows(path: Path):
    bare = next(Recording(recorded(path, 1)).frames(0)).bare()
    assert (bare.at_s, bare.replicas) == (BEGIN_S, ())


def test_any_gzip_reads_it_as_lines(path: Path):
    lines = gzip.decompress(recorded(path, 2 * MEMBER_FRAMES).read_bytes()).splitlines()
    assert len(lines) == 1 + 2 * MEMBER_FRAMES


# -- the file


def test_only_its_owner_can_read_it(path: Path):
    os.umask(0)
    assert stat.S_IMODE(recorded(path, 1).stat().st_mode) == 0o600


def test_what_is_there_is_not_written_over(path: Path):
    path.write_text("mine")
    with pytest.raises(UsageError, match="is there already") as found:
        Recorder(path, HEADER, MIB)
    assert (found.value.hint, path.read_text()) == (f"mv {path} {path}.old", "mine")


def test_at_its_limit_the_oldest_half_goes(path: Path):
    limit_bytes = 16 * 1024
    recorder = Recorder(path, HEADER, limit_bytes)
    sizes = []
    for number in range(1500):
        recorder.add(snapshot(number, replicas=20))
        sizes.append(path.stat().st_size)
    recorder.close()
    assert max(sizes) < limit_bytes * 1.25
    assert sizes[-1] > limit_bytes / 3
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    kept = numbers(Recording(path))
    assert kept == list(range(kept[0], 1500))
    assert kept[0] > 0
    assert os.listdir(path.parent) == [path.name]


def test_a_killed_recorder_loses_no_frame_that_was_added(path: Path):
    script = (
        "import sys, pathlib\n"
        "from tests.adapters.test_recording import Recorder, HEADER, snapshot\n"
        f"recorder = Recorder(pathlib.Path({str(path)!r}), HEADER, 1 << 20)\n"
        "for number in range(100):\n"
        "    recorder.add(snapshot(number))\n"
        "print('added', flush=True)\n"
        "sys.stdin.read()\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"added\n"
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert numbers(Recording(path)) == list(range(100))


def test_a_file_that_cannot_be_written_any_more_is_read_up_to_there(path: Path):
    recorder = Recorder(path, HEADER, MIB)
    for number in range(10):
        recorder.add(snapshot(number))
    descriptor = recorder._file.fileno()
    os.dup2(full := os.open("/dev/full", os.O_RDWR), descriptor)
    os.close(full)
    with pytest.raises(OSError, match="No space left"):
        recorder.add(snapshot(10))
    with pytest.raises(OSError, match="No space left"):
        recorder.close()
    assert recorder.closed
    assert numbers(Recording(path)) == list(range(10))


# -- what is no recording, or damaged


@pytest.mark.parametrize("left", [1, 9, 24, 40, 200])
def test_a_file_that_was_cut_is_read_up_to_the_cut(path: Path, left: int):
    """`left` bytes of the last member."""
    whole = recorded(path, 2 * MEMBER_FRAMES).read_bytes()
    with path.open("rb") as file:
        last = members(file)[-1]
    path.write_bytes(whole[: last.begin + left])
    recording = Recording(path)
    found = numbers(recording)
    assert found[:MEMBER_FRAMES] == list(range(MEMBER_FRAMES))
    assert MEMBER_FRAMES <= len(found) < 2 * MEMBER_FRAMES


@pytest.mark.parametrize("cut", ["all", "head", "frames"])
def test_a_file_with_nothing_to_look_at_is_told(path: Path, cut: str):
    whole = recorded(path, 1).read_bytes()
    with path.open("rb") as file:
        first = members(file)[0]
    path.write_bytes(whole[: {"all": 0, "head": 10, "frames": first.begin + 24}[cut]])
    with pytest.raises(UsageError) as found:
        Recording(path)
    assert found.value.message.startswith(f"{path}: it ")


@pytest.mark.parametrize("data", [b"", b"text\n", b"\x1f\x8b", gzip.compress(b""), gzip.compress(b"{}\n"), bytes(99)])
def test_what_is_no_recording_is_told(path: Path, data: bytes):
    path.write_bytes(data)
    with pytest.raises(UsageError, match="it is no recording of qorch") as found:
        Recording(path)
    assert found.value.hint == "qorch top --record FILE"


def test_a_recording_of_another_version_is_told(path: Path):
    data = header_line(HEADER).replace('"version":1', '"version":7')
    path.write_bytes(gzip.compress(f"{data}\n".encode()))
    with pytest.raises(UsageError, match=r"it is of version 7, written by qorch '0\.1\.0'"):
        Recording(path)


def test_damage_is_named_by_its_frame_and_all_before_it_can_be_watched(path: Path):
    data = bytearray(recorded(path, 3 * MEMBER_FRAMES).read_bytes())
    with path.open("rb") as file:
        second = members(file)[1]
    middle = (second.begin + second.end) // 2
    data[middle : middle + 40] = bytes(40)
    path.write_bytes(data)
    seen, recording = [], Recording(path)
    with pytest.raises(UsageError, match=rf"{path}, frame \d+: ") as found:
        seen.extend(int(each.whole().at_s - BEGIN_S) for each in recording.frames(0))
    assert seen == list(range(len(seen)))
    assert MEMBER_FRAMES <= len(seen) < 2 * MEMBER_FRAMES
    assert f"frame {len(seen)}: " in found.value.message
    assert numbers(recording, 2) == list(range(2 * MEMBER_FRAMES, 3 * MEMBER_FRAMES))


def test_a_member_whose_end_is_missing_is_damage_where_another_follows(path: Path):
    data = recorded(path, 2 * MEMBER_FRAMES).read_bytes()
    with path.open("rb") as file:
        first, second = members(file)
    path.write_bytes(data[: first.end - 30] + data[second.begin :])
    with pytest.raises(UsageError, match=rf"frame {MEMBER_FRAMES}: its end is missing|frame \d+: "):
        numbers(Recording(path))


WHOLE = b'{"frame":0,"whole":{"at_s":1700000000.0,"fleet":"f"}}'


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b'{"frame":1,"change":{"summary.in_flight":1e999}}', "frame 1: summary.in_flight: a whole number is needed"),
        (b'{"frame":1,"change":{"summary.in_flight":NaN}}', "frame 1: a number is needed, not NaN"),
        (b'{"frame":5,"change":{}}', "frame 1: frame 5 stands in its place"),
        (b'{"frame":1,"change":{"phase":{"drop":1,"add":[]}}}', "frame 1: phase: "),
        (b"\xff", "frame 1: "),
        (b"[" * 100_000, "frame 1: it is nested too deeply"),
    ],
)
def test_a_lie_is_named_by_its_frame(path: Path, line: bytes, told: str):
    recording = Recording(lines_of(path, WHOLE, line))
    with pytest.raises(UsageError) as found:
        numbers(recording)
    assert told in found.value.message


def test_a_line_without_end_is_refused_before_memory_is_full(path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("orchestrator.adapters.recording.LINE_BYTES", 4 * MIB)
    recording = Recording(lines_of(path, WHOLE, b" " * 20 * MIB))
    with pytest.raises(UsageError, match="frame 1: a line is longer than 4,194,304 bytes"):
        numbers(recording)


def test_a_clock_that_was_put_back_hides_nothing(path: Path):
    recorder = Recorder(path, HEADER, MIB)
    for number in (*range(MEMBER_FRAMES), *range(MEMBER_FRAMES)):
        recorder.add(snapshot(number))
    recorder.add(replace(snapshot(0), at_s=BEGIN_S - 3600))
    recorder.close()
    recording = Recording(path)
    assert len(numbers(recording)) == 2 * MEMBER_FRAMES + 1
    assert recording.begin_s == BEGIN_S
    assert recording.end_s == pytest.approx(BEGIN_S + MEMBER_FRAMES - 1 + (MEMBER_FRAMES + 1) / 1000, abs=1e-5)


@pytest.mark.parametrize("at_s", [float("nan"), float("inf"), -1.0, 1e12])
def test_parts_that_lie_about_their_times_are_told(path: Path, at_s: float):
    member = MemberWriter()
    parts = (member.begin(0, BEGIN_S)[:-8] + struct.pack("<d", at_s), member.add(WHOLE + b"\n"), member.end())
    path.write_bytes(gzip.compress(f"{header_line(HEADER)}\n".encode()) + b"".join(parts))
    with pytest.raises(UsageError, match="its parts are not in the order of their times"):
        Recording(path)


def test_the_recording_of_the_demo_is_what_its_maker_makes(tmp_path: Path):
    """`python -m orchestrator.adapters.demo_fleet.make orchestrator/adapters/demo_fleet/recording.gz` makes it anew.

    Another processor rounds otherwise, so that a decision may come a look earlier or later.
    """
    from orchestrator.adapters.demo_fleet import RECORDING
    from orchestrator.adapters.demo_fleet.make import make

    make(tmp_path / "demo.gz")
    kept, made = ([each.frame for each in Recording(each).frames(0)] for each in (RECORDING, tmp_path / "demo.gz"))
    assert [frame.keys() for frame in kept] == [frame.keys() for frame in made]
    wanted = [[frame["summary.target_num_replicas"] for frame in frames] for frames in (kept, made)]
    assert sum(one == other for one, other in zip(*wanted, strict=True)) > 0.9 * len(kept)
    assert RECORDING.stat().st_size < 200_000
    assert Recording(RECORDING).header.simulated
