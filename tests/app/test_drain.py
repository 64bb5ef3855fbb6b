"""`drain` over a runtime in memory."""

from __future__ import annotations

import pytest

from orchestrator.adapters.in_memory import InMemoryRuntime
from orchestrator.app.asked_replica import Patience
from orchestrator.app.drain import drain
from orchestrator.app.scale import Asked, scale
from orchestrator.core.errors import DeployFailed, EnvironmentNotReady, UsageError
from orchestrator.core.fleet import FleetPhase
from tests.app.samples import Recording, demo_spec
from tests.app.test_restart import PATIENT, PLENTY, running


def ask(runtime: InMemoryRuntime, name: str, patience: Patience = PATIENT) -> Recording:
    reporter = Recording()
    drain(runtime, name, patience, reporter)
    return reporter


def test_it_returns_when_the_replica_has_no_engine_and_the_fleet_is_well_without_it() -> None:
    runtime = running(2)
    assert ask(runtime, "replica-1").ended == ["drain"]
    fleet = runtime.observe()
    assert fleet is not None
    assert [(each.replica_id, each.drained) for each in fleet.engines] == [("replica-1", True), ("replica-2", False)]
    assert (fleet.phase, fleet.ready_replicas, fleet.drained_replicas) == (FleetPhase.READY, 1, 1)
    assert "1 of 2 replicas run, 1 drained by hand" in [each.message for each in fleet.conditions]


def test_a_fleet_with_one_that_is_drained_is_scaled_all_the_same() -> None:
    runtime = running(2)
    ask(runtime, "replica-1")
    fleet = scale(runtime, Asked(3, 3), PLENTY, 5, wait=True, reporter=Recording())
    assert fleet is not None
    assert (fleet.ready_replicas, fleet.drained_replicas) == (2, 1)


def test_no_fewer_are_asked_for_than_leave_one_that_answers() -> None:
    runtime = running(3)
    ask(runtime, "replica-1")
    with pytest.raises(EnvironmentNotReady, match="all may be drained, as replica-1 now: nothing would") as refused:
        scale(runtime, Asked(1, 1), PLENTY, 5, wait=True, reporter=Recording())
    assert refused.value.hint == "qorch restart replica-1"
    fleet = scale(runtime, Asked(2, 2), PLENTY, 5, wait=False, reporter=Recording())
    assert fleet is not None
    assert fleet.target_num_replicas == 2


def test_the_last_one_that_answers_is_not_drained() -> None:
    runtime = running(2)
    ask(runtime, "replica-1")
    runtime.calls.clear()
    with pytest.raises(EnvironmentNotReady, match="no other replica than replica-2 is ready: nothing would answer"):
        ask(runtime, "replica-2")
    assert runtime.calls == []


def test_one_that_is_drained_already_is_told_so() -> None:
    runtime = running(2)
    ask(runtime, "replica-1")
    with pytest.raises(EnvironmentNotReady, match="replica-1 is drained already") as refused:
        ask(runtime, "replica-1")
    assert refused.value.hint == "qorch status"


def test_a_name_that_is_none_is_told_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean replica-"):
        ask(running(2), "replica-9")


def test_one_that_ends_meanwhile_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = running(2)
    monkeypatch.setattr(runtime, "order", lambda order: runtime.apply(demo_spec()))
    with pytest.raises(DeployFailed, match="replica-2 has ended before it was drained"):
        ask(runtime, "replica-2")
