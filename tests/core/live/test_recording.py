"""core.live.recording: the lines of a recording, of anything that a source can say, and of what people make of them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.errors import UsageError
from orchestrator.core.live.event import Event, Severity
from orchestrator.core.live.frame_text import frame_text
from orchestrator.core.live.frames import Frame, applied, snapshot_of
from orchestrator.core.live.recording import Header, frame_line, header_line, read_frame, read_header
from orchestrator.core.live.snapshot import ReplicaRow, Snapshot, Summary
from tests.core.live.snapshots import SNAPSHOTS, alike

ROW = ReplicaRow("r1", "v", "RUNNING", "answers", ready=True, host="10.0.0.1", generation_tok_s=1234.5678)
SNAPSHOT = Snapshot(1000.0, "fleet", "Ready", summary=Summary(generation_tok_s=2469.1), replicas=(ROW, ROW))
HEADER = header_line(Header("fleet", "0.1.0"))


def frame_of(snapshot: Snapshot) -> Frame:
    """As it is read where it stands alone."""
    return read_frame(frame_line(0, frame_text(snapshot), None), None)[1]


def change(before: Snapshot, after: Snapshot) -> Frame:
    """What is said of `after` where `before` was said."""
    was = frame_text(before)
    said: Frame = json.loads(frame_line(1, frame_text(after, was), was))["change"]
    return said


@given(SNAPSHOTS)
def test_a_frame_that_stands_alone_is_the_snapshot_up_to_rounding(snapshot: Snapshot):
    number, frame = read_frame(frame_line(7, frame_text(snapshot), None), None)
    assert number == 7
    assert alike(snapshot_of(frame), snapshot)


def test_an_amount_that_is_beyond_all_measure_once_rounded_is_none():
    snapshot = replace(SNAPSHOT, summary=Summary(generation_tok_s=9.22335e18, prompt_tok_s=9.2233e18))
    read = snapshot_of(frame_of(snapshot)).summary
    assert (read.generation_tok_s, read.prompt_tok_s) == (None, 9.2233e18)


@given(st.lists(SNAPSHOTS, min_size=1, max_size=4))
def test_frames_that_follow_each_other_are_what_each_would_be_alone(course: list[Snapshot]):
    before = said = None
    for number, snapshot in enumerate(course):
        frame = frame_text(snapshot, before)
        _, said = read_frame(frame_line(number, frame, before), said)
        assert said == frame_of(snapshot)
        before = frame


@given(SNAPSHOTS)
def test_what_was_recorded_is_recorded_again_as_it_is(snapshot: Snapshot):
    once = snapshot_of(frame_of(snapshot))
    assert frame_of(once) == frame_of(snapshot)


def test_only_what_changes_is_said():
    after = replace(SNAPSHOT, at_s=1001.0, replicas=(ROW, replace(ROW, host="10.0.0.2")))
    assert change(SNAPSHOT, after) == {"at_s": 1001.0, "replicas.host": ["10.0.0.1", "10.0.0.2"]}
    assert change(SNAPSHOT, SNAPSHOT) == {}


def test_of_a_long_table_only_the_rows_that_change_are_said():
    many = tuple(replace(ROW, replica_id=f"r{place}") for place in range(100))
    changed = (*many[:40], replace(many[40], host="10.0.0.2"), *many[41:])
    said = change(replace(SNAPSHOT, replicas=many), replace(SNAPSHOT, replicas=changed))
    assert said == {"replicas.host": {"at": [40], "to": ["10.0.0.2"]}}


def test_a_table_that_slides_is_said_by_what_went_and_what_came():
    events = [Event(1.0 + number, Severity.INFO, "a", f"{number}") for number in range(5)]
    said = change(replace(SNAPSHOT, events=tuple(events[:4])), replace(SNAPSHOT, events=tuple(events[1:])))
    assert said == {"events.at_s": {"drop": 1, "add": [5.0]}, "events.message": {"drop": 1, "add": ["4"]}}
    assert applied({"t": [1, 2, 3, 4]}, {"t": {"drop": 1, "add": [5]}}) == {"t": [2, 3, 4, 5]}


def test_a_frame_of_another_release_keeps_what_is_known_here():
    frame = frame_of(SNAPSHOT) | {"new": 1, "summary.new": 2, "replicas.new": [3, 3], "tables.new": [4]}
    for name in ("endpoint", "summary.in_flight", "replicas.host"):
        del frame[name]
    known = snapshot_of(frame_of(SNAPSHOT))
    without_host = tuple(replace(row, host="") for row in known.replicas)
    assert snapshot_of(frame) == replace(known, replicas=without_host)


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("replicas.generation_tok_s", [1.0, "fast"], "replicas.generation_tok_s: a number is needed, not 'fast'"),
        ("replicas.generation_tok_s", [1.0, 10**30], "replicas.generation_tok_s: a number is needed, not 1000"),
        ("replicas.num_requests_running", [1, 2**70], "replicas.num_requests_running: a whole number is needed"),
        ("replicas.num_requests_running", [1, 1.5], "replicas.num_requests_running: a whole number is needed"),
        ("replicas.ready", [True, 1], "replicas.ready: true or false is needed, not 1"),
        ("replicas.host", "here", "replicas.host: a list is needed, not 'here'"),
        ("replicas.host", ["one"], "its columns are not of one length"),
        ("replicas.gpus", [[0], 1], "replicas.gpus: a list is needed, not 1"),
        ("summary.in_flight", "x" * 99, "summary.in_flight: a whole number is needed, not 'xxx"),
        ("at_s", -1.0, "at_s: a time in Unix seconds is needed, not -1.0"),
        ("at_s", 1e12, "at_s: a time in Unix seconds is needed"),
        ("phase", None, "phase: a text is needed, not None"),
        ("events.severity", ["loud"], "is not a valid Severity"),
    ],
)
def test_a_lie_is_named(column: str, value: object, told: str):
    frame = frame_of(SNAPSHOT) | {column: value}
    if column == "events.severity":
        frame |= {"events.at_s": [1.0], "events.subject": ["a"], "events.message": ["b"]}
    with pytest.raises(ValueError, match=r"needed|length|valid") as found:
        snapshot_of(frame)
    assert told in str(found.value)
    assert len(str(found.value)) < 150


@pytest.mark.parametrize("missing", ["at_s", "fleet"])
def test_a_frame_without_its_time_or_fleet_is_none(missing: str):
    frame = frame_of(SNAPSHOT)
    del frame[missing]
    with pytest.raises(ValueError, match="Snapshot: a field is missing"):
        snapshot_of(frame)


def test_a_table_without_a_column_that_it_needs_is_none():
    frame = frame_of(SNAPSHOT)
    del frame["replicas.state"]
    with pytest.raises(ValueError, match=r"replicas.ReplicaRow: a column is missing"):
        snapshot_of(frame)


@pytest.mark.parametrize(
    "line",
    [
        "", "x", "[]", "{}", "null", '{"frame": "1", "whole": {}}', '{"frame": 1}', '{"frame": 1, "whole": []}',
        '{"frame": 1, "change": {}}', '{"frame": 1, "whole": {"at_s": NaN}}', "[" * 100_000,
        '{"frame": ' + "9" * 5000 + "}",
    ],
)  # fmt: skip
def test_a_line_that_is_no_frame_is_refused(line: str):
    with pytest.raises(ValueError, match=r"."):
        read_frame(line, None)


@pytest.mark.parametrize(
    "change",
    [{"at": [5], "to": [1]}, {"at": [0], "to": []}, {"at": 0, "to": 1}, {"at": [0]}, {"drop": "all", "add": []},
     {"drop": 1, "add": 5}, {"drop": 0}, {}, {"at": ["0"], "to": [1]}, {"drop": 0, "add": [0] * 1_000_001}],
)  # fmt: skip
def test_a_change_that_does_not_go_with_the_table_is_refused(change: object):
    with pytest.raises(ValueError, match=r"t: .* is no change of a list of 2"):
        applied({"t": [1, 2]}, {"t": change})


def test_a_change_of_a_table_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="changes a list, and there is none"):
        applied({"phase": "Ready"}, {"phase": {"drop": 0, "add": []}})


def test_a_header_comes_back():
    header = Header("fleet", "0.1.0", simulated=True)
    assert read_header(header_line(header)) == header


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("", "no recording of qorch"),
        ('{"format": "other"}', "no recording of qorch"),
        (HEADER.replace('"fleet":"fleet"', '"fleet":1'), "no recording of qorch: fleet: a text is needed, not 1"),
        (HEADER.replace('"version":1', '"version":2'), "this qorch reads version 1"),
    ],
)  # fmt: skip
def test_what_is_no_header_of_ours_is_told(line: str, told: str):
    with pytest.raises(UsageError) as found:
        read_header(line)
    assert told in found.value.message


def test_a_text_that_no_file_can_hold_is_held():
    snapshot = replace(SNAPSHOT, replicas=(replace(ROW, reason="\udcff\x00\u202e"),))
    line = frame_line(0, frame_text(snapshot), None)
    assert json.loads(line.encode())
    assert snapshot_of(read_frame(line, None)[1]).replicas[0].reason == "\udcff\x00\u202e"
