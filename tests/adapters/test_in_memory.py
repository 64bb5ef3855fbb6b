"""The runtime in memory keeps the contract of every runtime, and can be told to fail."""

from __future__ import annotations

import pytest

from orchestrator.adapters.in_memory import InMemoryRuntime
from orchestrator.app.ports import FleetPaths, Runtime
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.errors import DeployFailed
from orchestrator.core.fleet import FleetPhase
from orchestrator.core.scaled import scaled
from tests.adapters.runtime_contract import RuntimeContract
from tests.app.samples import demo_spec


class TestInMemory(RuntimeContract):
    @pytest.fixture
    def runtime(self) -> Runtime:
        return InMemoryRuntime("contract")

    def spec(self, runtime: Runtime, paths: FleetPaths) -> DeploymentSpec:
        return demo_spec(runtime.name, paths=paths)

    def broken_spec(self, runtime: Runtime, paths: FleetPaths) -> DeploymentSpec:
        assert isinstance(runtime, InMemoryRuntime)
        runtime.fails_with = DeployFailed("told to")
        return self.spec(runtime, paths)


def running(steps_to_run: int = 1) -> InMemoryRuntime:
    runtime = InMemoryRuntime(steps_to_run=steps_to_run)
    runtime.prepare(2, 0)
    runtime.apply(demo_spec())
    return runtime


def test_a_replica_runs_after_as_many_looks_as_it_was_told() -> None:
    runtime = running(steps_to_run=2)
    phases = [fleet.phase for fleet in (runtime.observe() for _ in range(3)) if fleet]
    assert phases == [FleetPhase.STARTING, FleetPhase.STARTING, FleetPhase.READY]


def test_a_replica_that_is_to_go_stops_after_as_many_looks() -> None:
    runtime = running(steps_to_run=2)
    runtime.apply(scaled(demo_spec(), 2))
    for _ in range(3):
        runtime.observe()
    runtime.apply(demo_spec())
    states = [[replica.state for replica in fleet.engines] for fleet in (runtime.observe() for _ in range(3)) if fleet]
    assert states == [["RUNNING", "STOPPING"], ["RUNNING", "STOPPING"], ["RUNNING"]]


def test_it_can_be_told_who_answers() -> None:
    runtime = running(steps_to_run=0)
    runtime.controller_answers = False
    fleet = runtime.observe()
    assert fleet is not None
    assert (fleet.phase, fleet.controlled) == (FleetPhase.DEGRADED, False)
    runtime.controller_answers, runtime.gateway_answers = True, False
    fleet = runtime.observe()
    assert fleet is not None
    assert fleet.phase is FleetPhase.UNAVAILABLE
