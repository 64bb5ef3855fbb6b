"""What is said to have happened between two snapshots."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from orchestrator.core.by_hand import OLD_FINISHES, STANDS_ASIDE, STARTS
from orchestrator.core.live.event import Severity
from orchestrator.core.live.events import happened
from orchestrator.core.live.reading import SourceState
from orchestrator.core.live.snapshot import GpuRow, ReplicaRow, Snapshot, Summary
from tests.core.live.made import row

INFO, WARNING, ERROR = Severity.INFO, Severity.WARNING, Severity.ERROR
GPU = GpuRow("node1", 2, "NVIDIA A100", "GPU-2")


def snapshot(*rows: ReplicaRow, phase: str = "Ready", **summary: int) -> Snapshot:
    return Snapshot(5.0, "mine", phase, replicas=rows, summary=Summary(**summary))


def told(before: Snapshot, now: Snapshot) -> list[tuple[Severity, str, str]]:
    return [(each.severity, each.subject, each.message) for each in happened(before, now)]


def test_where_nothing_changed_nothing_happened() -> None:
    assert told(snapshot(row()), snapshot(row(generation_tok_s=5.0))) == []


def test_an_event_has_the_moment_at_which_it_was_seen() -> None:
    (event,) = happened(snapshot(), replace(snapshot(row()), at_s=9.0))
    assert event.at_s == 9.0


@pytest.mark.parametrize(
    ("before", "now", "severity"),
    [
        ("Ready", "Degraded", WARNING),
        ("Degraded", "Ready", INFO),
        ("Ready", "Idle", INFO),
        ("Starting", "Failed", WARNING),
    ],
)
def test_another_phase_is_told(before: str, now: str, severity: Severity) -> None:
    assert told(snapshot(phase=before), snapshot(phase=now)) == [(severity, "fleet", f"{before} → {now}")]


def test_at_the_first_sight_of_a_fleet_nothing_happened_to_it() -> None:
    assert told(snapshot(phase=""), snapshot(row(), target_num_replicas=1)) == []


def test_another_target_is_told() -> None:
    found = told(snapshot(target_num_replicas=1), snapshot(target_num_replicas=3))
    assert found == [(INFO, "fleet", "replicas wanted: 1 → 3")]


STARTING = row(state="STARTING", ready=False, num_requests_running=None)
FAILED = row(ready=False, reason="killed by SIGKILL")
UNSEEN = row(ready=False, num_requests_running=None, reason="not seen by the gateway")
STOPPING = row(state="STOPPING", ready=False, num_requests_running=None, reason="finishes what it answers")


@pytest.mark.parametrize(
    ("before", "now", "severity", "message"),
    [
        (None, STARTING, INFO, "new, starting"),
        (STARTING, row(), INFO, "starting → ready"),
        (STARTING, UNSEEN, INFO, "starting → unknown: not seen by the gateway"),
        (row(), FAILED, ERROR, "ready → failed: killed by SIGKILL"),
        (row(), UNSEEN, WARNING, "ready → unknown: not seen by the gateway"),
        (FAILED, row(), INFO, "failed → ready"),
        (row(), STOPPING, INFO, "ready → draining"),
        (STOPPING, None, INFO, "gone, was draining"),
        (row(), None, WARNING, "gone, was ready"),
        (row(), row(throttled="too hot"), WARNING, "clocks held down: too hot"),
        (row(throttled="too hot"), row(), INFO, "clocks no longer held down"),
    ],
)
def test_what_becomes_of_a_replica_is_told(
    before: ReplicaRow | None, now: ReplicaRow | None, severity: Severity, message: str
) -> None:
    old, new = ((each,) if each else () for each in (before, now))
    assert told(snapshot(*old), snapshot(*new)) == [(severity, "a", message)]


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ("", "GPU is lost", [(ERROR, "node1 GPU 2", "GPU is lost")]),
        ("GPU is lost", "GPU is lost", []),
        ("GPU is lost", "", []),
    ],
)
def test_an_error_of_a_gpu_is_told_once(before: str, now: str, said: list[tuple[Severity, str, str]]) -> None:
    old, new = (replace(snapshot(), gpus=(replace(GPU, error=each),)) for each in (before, now))
    assert told(old, new) == said


def test_requests_that_are_held_are_told_as_they_begin_and_end() -> None:
    none, some = snapshot(), snapshot(num_requests_held=4)
    assert told(none, some) == [(WARNING, "fleet", "4 requests held")]
    assert told(some, snapshot(num_requests_held=9)) == []
    assert told(some, none) == [(INFO, "fleet", "no request held")]


def test_a_source_that_falls_silent_and_answers_again_is_told() -> None:
    well, ill = (
        replace(snapshot(), sources=(SourceState("gateway", 1.0, error),)) for error in (None, "does not answer")
    )
    assert told(well, ill) == [(WARNING, "gateway", "does not answer")]
    assert told(ill, well) == [(INFO, "gateway", "answers again")]
    assert told(snapshot(), ill) == []  # it was not there before


def test_what_a_person_asked_of_a_replica_is_no_trouble_and_says_what_it_is() -> None:
    ready, aside = row(), row(state="DRAINED", ready=False, reason=STANDS_ASIDE)
    assert told(snapshot(ready), snapshot(aside)) == [(INFO, "a", f"ready → drained: {STANDS_ASIDE}")]
    assert told(snapshot(aside), snapshot(ready)) == [(INFO, "a", f"drained → ready: {ready.reason}")]


def test_of_one_that_answers_all_the_while_each_step_is_told() -> None:
    steps = [row(), row(reason=STARTS), row(reason=OLD_FINISHES), row()]
    said = [told(snapshot(old), snapshot(new)) for old, new in pairwise(steps)]
    assert said == [[(INFO, "a", STARTS)], [(INFO, "a", OLD_FINISHES)], [(INFO, "a", row().reason)]]
