"""`restart` over a runtime in memory."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.adapters.in_memory import InMemoryRuntime
from orchestrator.app.asked_replica import Patience
from orchestrator.app.restart import restart
from orchestrator.core.by_hand import ReplicaOrder, Verb
from orchestrator.core.errors import DeployFailed, EnvironmentNotReady, TimedOut, UsageError
from orchestrator.core.fleet import Fleet, FleetPhase
from orchestrator.core.scaled import scaled
from tests.app.samples import Recording, demo_spec

PLENTY = 2**40
PATIENT = Patience(drain_s=30, timeout_s=5)


def running(count: int) -> InMemoryRuntime:
    runtime = InMemoryRuntime()
    runtime.look_every_s = 0
    runtime.prepare(4, 0)
    runtime.apply(scaled(demo_spec(), count))
    while (fleet := runtime.observe()) is None or fleet.phase is not FleetPhase.READY:
        pass
    runtime.calls.clear()
    return runtime


def ask(
    runtime: InMemoryRuntime,
    *names: str,
    memory_bytes: int = PLENTY,
    patience: Patience = PATIENT,
    reporter: Recording | None = None,
) -> None:
    restart(runtime, names, lambda: memory_bytes, patience, reporter or Recording())


def restarts(runtime: InMemoryRuntime) -> dict[str, int]:
    fleet = runtime.observe()
    assert fleet is not None
    return {each.replica_id: each.engine.restarts_by_hand for each in fleet.engines if each.engine}


def test_it_returns_when_the_replica_has_its_new_engine() -> None:
    runtime, reporter = running(2), Recording()
    ask(runtime, "replica-1", reporter=reporter)
    assert restarts(runtime) == {"replica-1": 1, "replica-2": 0}
    assert runtime.calls == ["restart replica-1 new first"]
    assert reporter.said == ["replica-1: the new engine starts first: there is room for both"]
    assert reporter.ended == ["restart"]


def test_without_room_the_old_one_goes_first_and_a_replica_without_company_has_requests_wait() -> None:
    runtime, reporter = running(1), Recording()
    ask(runtime, "replica-1", memory_bytes=0, reporter=reporter)
    assert runtime.calls == ["restart replica-1"]
    assert reporter.said[0].startswith("replica-1: the old engine goes first: another one takes ")
    assert reporter.said[0].endswith("; requests wait until it is ready")


def test_all_are_restarted_one_after_the_other_and_never_more_than_one_is_out(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime, out = running(3), []
    look = runtime.observe

    def observed() -> object:
        fleet = look()
        assert fleet is not None
        out.append(sum(not each.ready for each in fleet.engines))
        return fleet

    monkeypatch.setattr(runtime, "observe", observed)
    ask(runtime, memory_bytes=0)
    assert restarts(runtime) == {"replica-1": 1, "replica-2": 1, "replica-3": 1}
    assert max(out) == 1


def test_one_that_is_drained_is_left_out_of_all_and_comes_back_when_it_is_named() -> None:
    runtime = running(2)
    runtime.order(ReplicaOrder("replica-1", Verb.DRAIN))
    runtime.observe()
    ask(runtime)
    assert restarts(runtime) == {"replica-1": 0, "replica-2": 1}
    ask(runtime, "replica-1")
    assert restarts(runtime) == {"replica-1": 1, "replica-2": 1}


def test_the_first_that_fails_ends_it_and_leaves_the_others_as_they_are() -> None:
    runtime = running(3)
    runtime.restart_fails_with = "no memory"
    with pytest.raises(
        DeployFailed, match="new engine of replica-1 did not start: no memory; the old one answers"
    ) as no:
        ask(runtime)
    assert "(0 of 3 restarted)" in no.value.message
    assert runtime.calls == ["restart replica-1 new first"]
    fleet = runtime.observe()
    assert fleet is not None
    assert fleet.ready_replicas == 3


def test_where_the_old_one_is_gone_already_another_replica_takes_its_place() -> None:
    runtime = running(2)
    runtime.restart_fails_with = "no memory"
    with pytest.raises(DeployFailed, match="Ray Serve starts another replica in its place"):
        ask(runtime, "replica-1", memory_bytes=0)
    runtime.observe()
    assert set(restarts(runtime)) == {"replica-2"}


def test_what_went_wrong_the_last_time_is_not_taken_for_the_outcome_of_this() -> None:
    runtime = running(1)
    runtime.restart_fails_with = "no memory"
    with pytest.raises(DeployFailed):
        ask(runtime, "replica-1")
    runtime.restart_fails_with = ""
    ask(runtime, "replica-1")
    assert restarts(runtime) == {"replica-1": 1}


def test_a_name_that_is_none_is_told_with_the_nearest_and_nothing_is_done() -> None:
    runtime = running(2)
    with pytest.raises(UsageError, match="there is no replica 'replica-3'; did you mean replica-2"):
        ask(runtime, "replica-1", "replica-3")
    with pytest.raises(UsageError, match="there are: replica-1, replica-2"):
        ask(runtime, "xyz")
    assert runtime.calls == []


def test_without_waiting_one_is_told_and_several_are_refused() -> None:
    runtime, reporter = running(2), Recording()
    ask(runtime, "replica-1", patience=replace(PATIENT, wait=False), reporter=reporter)
    assert (runtime.calls, reporter.ended) == (["restart replica-1 new first"], [])
    with pytest.raises(UsageError, match="2 replicas are restarted one after the other") as refused:
        ask(runtime, patience=replace(PATIENT, wait=False))
    assert refused.value.hint == "qorch restart replica-1 --no-wait"


def test_one_that_ends_meanwhile_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = running(2)

    def dies(order: ReplicaOrder) -> None:
        runtime._ages["replica-3"] = runtime._ages.pop(order.replica_id)

    monkeypatch.setattr(runtime, "order", dies)
    with pytest.raises(DeployFailed, match="replica-2 has ended before its new engine was ready"):
        ask(runtime, "replica-2")


def test_one_that_goes_because_fewer_are_wanted_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime, reporter = running(2), Recording()
    monkeypatch.setattr(runtime, "order", lambda order: runtime.apply(demo_spec()))
    ask(runtime, "replica-2", reporter=reporter)
    assert reporter.said[1:] == ["replica-2 has gone: fewer replicas are wanted"]
    assert reporter.ended == []


def test_what_takes_too_long_goes_on_in_the_background() -> None:
    runtime = running(1)
    with pytest.raises(TimedOut, match="goes on in the background"):
        ask(runtime, "replica-1", patience=Patience(30, 0.0))


def test_without_a_fleet_it_says_how_to_get_one() -> None:
    with pytest.raises(EnvironmentNotReady, match="there is no fleet 'default'") as raised:
        ask(InMemoryRuntime())
    assert raised.value.hint == "qorch up"


def test_while_ray_does_not_answer_no_replica_is_said_to_have_ended() -> None:
    runtime = running(2)
    runtime.controller_answers = False
    with pytest.raises(EnvironmentNotReady, match="the replicas cannot be seen: Ray's Serve controller"):
        ask(runtime)


def test_a_ray_that_is_away_for_a_moment_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    runtime, look = running(2), InMemoryRuntime.observe
    away = iter([False, True, True, False, False, True])

    def observe() -> Fleet | None:
        fleet = look(runtime)
        return replace(fleet, replicas=()) if fleet and next(away, False) else fleet

    monkeypatch.setattr(runtime, "observe", observe)
    ask(runtime)
    assert restarts(runtime) == {"replica-1": 1, "replica-2": 1}
