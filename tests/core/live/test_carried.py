"""What a silent source said last stands; what the others say is of now."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.core.deployment import GATEWAY as GATEWAY_DEPLOYMENT
from orchestrator.core.fleet import Decided, FleetPhase
from orchestrator.core.live.carried import GATEWAY, GPUS, SERVE, carried
from orchestrator.core.live.reading import Traffic
from orchestrator.core.scaling.decision import ScalingDecision
from tests.core.live.made import VARIANT, fleet, gpu, on_host, reading, replica, silent, view

ONE = fleet(replica("a", view(100)))
BEFORE = reading(
    0, ONE, Traffic(answered_total=5), hosts=on_host(gpu()), decisions=(Decided(1.0, ScalingDecision({}, ())),)
)


def test_where_all_answer_it_is_all_of_now() -> None:
    now = reading(1, fleet(), Traffic())
    assert carried(BEFORE, now) is now


def test_before_the_first_reading_there_is_nothing_to_carry() -> None:
    now = reading(1, None, sources=silent(SERVE, GATEWAY))
    assert carried(None, now) is now


def test_without_serve_the_replicas_stand_but_the_phase_is_of_now() -> None:
    gone = fleet(targets={}, phase=FleetPhase.DEGRADED, conditions=())
    found = carried(BEFORE, reading(1, gone, Traffic(answered_total=7), sources=silent(SERVE)))
    assert found.fleet is not None
    assert found.fleet.replicas == ONE.replicas
    assert found.fleet.targets == {VARIANT: 1, GATEWAY_DEPLOYMENT: 1}
    assert (found.fleet.target_num_replicas, found.fleet.phase) == (1, FleetPhase.DEGRADED)
    assert found.traffic == Traffic(answered_total=7)


def test_without_the_gateway_an_engine_is_as_it_was_and_its_state_is_of_now() -> None:
    now = fleet(replica("a", state="STOPPING"), replica("b"))
    found = carried(BEFORE, reading(1, now, sources=silent(GATEWAY)))
    assert found.fleet is not None
    a, b = found.fleet.engines
    assert (a.state, a.engine, b.engine) == ("STOPPING", view(100), None)
    assert found.traffic == Traffic(answered_total=5)


def test_an_engine_that_a_gateway_does_not_know_any_more_is_not_carried() -> None:
    found = carried(BEFORE, reading(1, fleet(replica("a")), Traffic()))
    assert found.fleet is not None
    assert found.fleet.engines[0].engine is None


def test_gpus_and_decisions_stand_while_they_are_not_told() -> None:
    found = carried(BEFORE, reading(1, ONE, Traffic(), sources=silent(GPUS)))
    assert (found.hosts, found.decisions) == (BEFORE.hosts, BEFORE.decisions)


def test_a_silence_that_goes_on_carries_the_same_again() -> None:
    gone = replace(reading(1, fleet(targets={}), sources=silent(SERVE, GATEWAY)))
    once = carried(BEFORE, gone)
    again = carried(once, gone)
    assert again == once


def test_a_fleet_that_is_not_there_has_nothing_of_before() -> None:
    found = carried(BEFORE, reading(1, None, sources=silent(SERVE, GATEWAY)))
    assert found.fleet is None


def test_a_host_that_is_seen_without_its_gpus_has_those_of_before() -> None:
    bare = on_host(addresses=frozenset({"10.0.0.1"}))
    (host,) = carried(BEFORE, reading(1, ONE, Traffic(), hosts=bare, sources=silent(GPUS))).hosts
    assert (host.gpus, host.addresses) == (BEFORE.hosts[0].gpus, frozenset({"10.0.0.1"}))
    assert carried(BEFORE, reading(1, ONE, Traffic(), hosts=bare)).hosts == bare
