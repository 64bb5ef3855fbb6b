"""The phase and the conditions of a fleet as truth tables: what is seen on the left, what is said on the right."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from orchestrator.core.fleet import Application, Condition, EngineView, FleetPhase, Replica, command
from orchestrator.core.held import Held
from orchestrator.core.observed import conditions, fleet_of, phase, with_held
from orchestrator.core.scaled import scaled
from tests.app.samples import demo_spec

STATUSES = ("NOT_STARTED", "DEPLOYING", "DEPLOY_FAILED", "RUNNING", "UNHEALTHY", "DELETING")
READY = EngineView(2, 40000, True, "answers completions", 0.1, 4, 0, 0, 0, 0, 0)
DEAD = replace(READY, ready=False, reason="the engine ended")
GATEWAY = Replica("g", "gateway", "RUNNING", 1, "127.0.0.1", 0.0)


def engine(view: EngineView | None = READY, state: str = "RUNNING") -> Replica:
    return Replica("e", "engine", state, 1, "127.0.0.1", 0.0, view)


def application(*engines: Replica, status: str = "RUNNING", wanted: int = 1, message: str = "") -> Application:
    return Application(status, message, wanted, (GATEWAY, *engines))


ONE = application(engine())


@pytest.mark.parametrize(
    ("seen", "gateway_ready", "said"),
    [
        # the gateway says that a model answers
        (ONE, True, FleetPhase.READY),
        (application(engine(), engine(), wanted=2), True, FleetPhase.READY),
        (application(engine(), engine(), wanted=1), True, FleetPhase.READY),
        (application(engine(), wanted=2), True, FleetPhase.DEGRADED),
        (application(engine(), engine(DEAD), wanted=2), True, FleetPhase.DEGRADED),
        (application(engine(), engine(None), wanted=2), True, FleetPhase.DEGRADED),
        (application(engine(), engine(state="STARTING"), wanted=2), True, FleetPhase.DEGRADED),
        (application(engine(), status="DEPLOYING"), True, FleetPhase.DEGRADED),
        (application(engine(), status="UNHEALTHY"), True, FleetPhase.DEGRADED),
        (application(engine(), status="DEPLOY_FAILED"), True, FleetPhase.DEGRADED),
        (None, True, FleetPhase.DEGRADED),
        # the gateway answers, but no engine is ready
        (application(status="DEPLOYING"), False, FleetPhase.STARTING),
        (application(status="NOT_STARTED"), False, FleetPhase.STARTING),
        (application(engine(DEAD)), False, FleetPhase.UNAVAILABLE),
        (application(engine(DEAD), status="UNHEALTHY"), False, FleetPhase.UNAVAILABLE),
        (application(status="DEPLOY_FAILED"), False, FleetPhase.FAILED),
        (None, False, FleetPhase.UNAVAILABLE),
        # the gateway does not answer
        (application(status="DEPLOYING"), None, FleetPhase.STARTING),
        (ONE, None, FleetPhase.UNAVAILABLE),
        (application(status="DEPLOY_FAILED"), None, FleetPhase.FAILED),
        (application(status="DELETING"), None, FleetPhase.UNAVAILABLE),
        (None, None, FleetPhase.UNAVAILABLE),
    ],
)
def test_the_phase_is_what_can_be_seen(seen: Application | None, gateway_ready: bool | None, said: FleetPhase) -> None:
    assert phase(seen, gateway_ready) is said


def test_a_fleet_that_may_have_no_replica_and_needs_none_is_idle() -> None:
    empty = application(wanted=0)
    assert phase(empty, False, least=0) is FleetPhase.IDLE
    assert all(condition.status for condition in conditions(empty, False, least=0))
    assert phase(empty, None, least=0) is FleetPhase.UNAVAILABLE
    assert phase(empty, False, least=1) is FleetPhase.UNAVAILABLE
    assert phase(application(wanted=1), False, least=0) is FleetPhase.UNAVAILABLE
    assert phase(application(status="DEPLOY_FAILED", wanted=0), False, least=0) is FleetPhase.FAILED


EVERYTHING = [None, *(application(engine(view), status=status) for status, view in product(STATUSES, (READY, None)))]


@pytest.mark.parametrize("seen", EVERYTHING)
def test_a_fleet_that_serves_is_never_called_failed_and_one_that_does_not_never_ready(seen: Application | None) -> None:
    assert phase(seen, True) in (FleetPhase.READY, FleetPhase.DEGRADED)
    for silent in (False, None):
        assert phase(seen, silent) not in (FleetPhase.READY, FleetPhase.DEGRADED)


@pytest.mark.parametrize("seen", EVERYTHING)
@pytest.mark.parametrize("gateway_ready", [True, False, None])
def test_a_ready_fleet_has_no_condition_that_is_not_met(seen: Application | None, gateway_ready: bool | None) -> None:
    met = all(condition.status for condition in conditions(seen, gateway_ready))
    assert met or phase(seen, gateway_ready) is not FleetPhase.READY


def condition(kind: str, seen: Application | None, gateway_ready: bool | None = True) -> Condition:
    return next(each for each in conditions(seen, gateway_ready) if each.type == kind)


@pytest.mark.parametrize(
    ("gateway_ready", "status", "reason"),
    [(True, True, "Answers"), (False, False, "NoEngineReady"), (None, False, "GatewayDown")],
)
def test_available_says_whether_a_model_answers(gateway_ready: bool | None, status: bool, reason: str) -> None:
    found = condition("Available", ONE, gateway_ready)
    assert (found.status, found.reason) == (status, reason)


@pytest.mark.parametrize(
    ("seen", "status", "reason", "message"),
    [
        (ONE, True, "AllRunning", "1 of 1 replicas run"),
        (application(engine(None)), True, "AllRunning", "1 of 1 replicas run"),
        (application(engine(DEAD)), False, "RUNNING", "0 of 1 replicas run"),
        (application(engine(state="STOPPING")), False, "RUNNING", "0 of 1 replicas run"),
        (application(status="DEPLOYING", wanted=2), False, "DEPLOYING", "0 of 2 replicas run"),
        (None, False, "Unknown", "the replicas cannot be seen"),
    ],
)
def test_replicas_ready_counts_what_runs(seen: Application | None, status: bool, reason: str, message: str) -> None:
    assert condition("ReplicasReady", seen) == Condition("ReplicasReady", status, reason, message)


def test_replicas_that_do_not_start_are_told_with_our_own_last_reason_not_rays_traceback() -> None:
    ray = "Traceback (most recent call last):\n  File x\nqorch: first try\n  qorch: the engine ended\n  | bad model\n"
    found = condition("ReplicasReady", application(status="DEPLOY_FAILED", message=ray), False)
    assert found.message == "0 of 1 replicas run; qorch: the engine ended"


def test_a_controller_that_does_not_answer_is_its_own_condition() -> None:
    assert condition("ControllerReachable", None).status is False
    assert condition("ControllerReachable", ONE).message == "the application is RUNNING"


def test_a_fleet_is_what_was_asked_for_and_what_was_seen_of_it() -> None:
    spec = scaled(demo_spec("mine"), 2)
    seen = application(engine(), engine(DEAD), wanted=3)
    fleet = fleet_of(spec, "http://127.0.0.1:8000/v1", seen, True)
    assert (fleet.name, fleet.model, fleet.profile, fleet.engine) == ("mine", "demo", "demo-gguf", "llama.cpp")
    assert (fleet.target_num_replicas, fleet.ready_replicas, len(fleet.engines)) == (3, 1, 2)
    assert fleet.controlled


def test_where_ray_does_not_answer_the_target_is_what_was_asked_for() -> None:
    fleet = fleet_of(scaled(demo_spec(), 2), "", None, True)
    assert (fleet.target_num_replicas, fleet.replicas, fleet.controlled) == (2, (), False)


def test_held_requests_are_told_with_what_the_replicas_show_not_the_gateways() -> None:
    held = Held(1, 10, 0.0, 1.0, engines_full=False)
    starting = fleet_of(demo_spec(), "", application(engine(state="STARTING")), False)
    gateway = replace(GATEWAY, state="STARTING")
    bare = fleet_of(demo_spec(), "", replace(application(), replicas=(gateway,)), False)
    reasons = [with_held(each, held).held for each in (starting, bare)]
    assert [told and told.reason for told in reasons] == ["a replica is starting", "no engine is ready"]
    assert with_held(starting, None) == starting


def test_a_command_names_the_fleet_only_where_it_has_to() -> None:
    assert command("status", "default") == "qorch status"
    assert command("scale 2", "mine") == "qorch scale 2 --fleet mine"
