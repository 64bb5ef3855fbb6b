"""How a fleet is among several: a state and a reason of every snapshot, and sums that count no GPU twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.fleet import Condition, FleetPhase
from orchestrator.core.live.fleet_row import FleetRow, FleetState, fleet_row, in_trouble, is_faulty, late, urgency
from orchestrator.core.live.fleet_words import FLEET_WORDS
from orchestrator.core.live.fleets_summary import fleets_summary
from orchestrator.core.live.goals import is_over, is_short, missed
from orchestrator.core.live.query import predicate
from orchestrator.core.live.reading import SourceState
from orchestrator.core.live.snapshot import GpuRow, Snapshot, Summary

NOW_S = 1_700_000_000.0
WELL = Snapshot(NOW_S, "chat", "Ready", "qwen3.5-9b", "qwen3.5-9b-bf16", sources=(SourceState("Ray Serve", NOW_S),))
UNTRUE = (Condition("Available", True, "Answers", "a model answers"), Condition("ReplicasReady", False, "X", "1 of 2"))


def row(**fields: object) -> FleetRow:
    return fleet_row("lab/llm", replace(WELL, **fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("seen", "state", "reason", "faulty"),
    [
        (row(), FleetState.READY, "", False),
        (row(phase="Idle"), FleetState.IDLE, "", False),
        (row(phase="Starting", conditions=UNTRUE), FleetState.STARTING, "1 of 2", False),
        (row(phase="Degraded", conditions=UNTRUE), FleetState.DEGRADED, "1 of 2", True),
        (row(phase="Unavailable", conditions=UNTRUE), FleetState.FAILED, "1 of 2", True),
        (row(phase="Failed"), FleetState.FAILED, "", True),
        (row(phase=""), FleetState.UNKNOWN, "", True),
        (row(phase="Odd"), FleetState.UNKNOWN, "", True),
        (row(phase="", sources=(SourceState("Kubernetes", None, "no route"),)), FleetState.UNKNOWN,
         "Kubernetes: no route", True),
        (row(sources=(SourceState("gateway", NOW_S - 9, "silent"),)), FleetState.READY, "gateway: silent", True),
        (row(summary=Summary(ttft_p99_s=1.9, ttft_goal_s=1.5)), FleetState.BEHIND, "TTFT p99 1.9 s is over 1.5 s",
         True),
        (row(summary=Summary(tpot_p99_s=0.06, tpot_goal_s=0.05)), FleetState.BEHIND, "TPOT p99 0.06 s is over 0.05 s",
         True),
        (row(summary=Summary(generation_tok_s=800.0, target_tok_s=900.0, num_requests_held=2)), FleetState.BEHIND,
         "800 of 900 tok/s while 2 wait", True),
        (row(summary=Summary(failed_replicas=1)), FleetState.READY, "", True),
    ],
)  # fmt: skip
def test_a_fleet_has_a_state_and_the_reason_for_it(
    seen: FleetRow, state: FleetState, reason: str, faulty: bool
) -> None:
    assert (seen.state, seen.reason, is_faulty(seen)) == (state, reason, faulty)


def test_fewer_tokens_than_the_target_are_no_fault_while_nobody_waits() -> None:
    assert not is_short(Summary(generation_tok_s=8.0, target_tok_s=900.0))
    assert not is_short(Summary(num_requests_waiting=3))
    assert not any(missed(Summary(generation_tok_s=8.0, target_tok_s=900.0)))


@given(st.none() | st.floats(), st.none() | st.floats())
def test_a_goal_is_missed_only_where_both_are_known(measured_s: float | None, goal_s: float | None) -> None:
    assert is_over(measured_s, goal_s) is (None not in (measured_s, goal_s) and measured_s > goal_s)  # type: ignore[operator]


def test_every_phase_has_a_state() -> None:
    assert all(row(phase=phase.value).state is not FleetState.UNKNOWN for phase in FleetPhase)


def test_the_source_that_was_heard_longest_ago_is_told_of() -> None:
    seen = row(sources=(SourceState("a", NOW_S), SourceState("b", NOW_S - 7, "x"), SourceState("c", None, "y")))
    assert (seen.heard_at_s, seen.silent) == (NOW_S - 7, "b: x; c: y")


def test_what_cannot_be_looked_at_keeps_what_was_seen_and_says_why() -> None:
    trouble = EnvironmentNotReady("there is no fleet", hint="qorch up")
    assert in_trouble(FleetRow("chat", "here"), trouble).reason == "there is no fleet; qorch up"
    seen = in_trouble(row(summary=Summary(ready_replicas=2)), EnvironmentNotReady("gone"))
    assert (seen.state, seen.reason, seen.summary.ready_replicas) == (FleetState.UNKNOWN, "gone", 2)


def test_a_look_that_does_not_come_back_makes_it_unknown_after_a_while() -> None:
    assert late(row(), NOW_S + 10, 10) == row()
    assert late(FleetRow("chat", "here"), NOW_S, 10).reason == "not seen yet"
    seen = late(row(), NOW_S + 31, 10)
    assert (seen.state, seen.reason) == (FleetState.UNKNOWN, "no source has answered for 31 s")


def test_the_worst_is_the_most_urgent() -> None:
    states = [FleetRow("a", "b", state) for state in reversed(FleetState)]
    assert [each.state for each in sorted(states, key=urgency)] == list(FleetState)


def test_a_gpu_that_several_fleets_see_counts_once_and_latencies_are_no_sum() -> None:
    gpus = tuple(GpuRow("host", index, "A100", f"GPU-{index}") for index in range(4))
    first = row(gpus=gpus, summary=Summary(1.0, target_tok_s=5.0, ttft_p99_s=1.0, gpus_used=1, gpus_total=4))
    second = row(gpus=gpus, summary=Summary(2.0, cost_per_hour=3.0, gpus_used=2, gpus_total=4, failed_replicas=1))
    together = fleets_summary([first, second])
    assert (together.gpus_used, together.gpus_total, together.failed_replicas) == (3, 4, 1)
    assert (together.generation_tok_s, together.target_tok_s, together.cost_per_hour) == (3.0, 5.0, 3.0)
    assert together.ttft_p99_s is None
    assert fleets_summary([]).generation_tok_s is None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("lab", True), ("where=lab.*", True), ("where=lab", False), ("!ready", False), ("state=ready", True),
        ("wait>5", True), ("tok_s<10", False), ("fleet=chat cost<9", True), ("model=qwen.*", True),
    ],
)  # fmt: skip
def test_fleets_are_filtered_by_what_their_rows_show(text: str, found: bool) -> None:
    seen = row(summary=Summary(generation_tok_s=20.0, num_requests_held=6, cost_per_hour=7.0))
    assert predicate(text, FLEET_WORDS)(seen) is found
