"""What every `orchestrator.app.ports.Runtime` promises, as tests that a subclass runs over its own.

class TestBareHost(RuntimeContract):
    patience_s = 60.0

    @pytest.fixture
    def runtime(self, tmp_path: Path) -> Iterator[Runtime]:
        host = BareHost(tmp_path, "contract")
        yield host
        host.remove()

    def spec(self, runtime: Runtime, paths: FleetPaths) -> DeploymentSpec: ...
    def broken_spec(self, runtime: Runtime, paths: FleetPaths) -> DeploymentSpec: ...
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from orchestrator.app.ports import FleetPaths, Runtime
from orchestrator.core.by_hand import ReplicaOrder, Verb
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.errors import DeployFailed, EnvironmentNotReady
from orchestrator.core.fleet import EngineView, Fleet, FleetPhase
from orchestrator.core.scaled import scaled


class RuntimeContract:
    """The tests; `runtime` has no fleet yet, and whoever makes it takes it down."""

    patience_s = 5.0

    @pytest.fixture
    def runtime(self) -> Runtime:
        raise NotImplementedError

    def spec(self, runtime: Runtime, paths: FleetPaths) -> DeploymentSpec:
        """One replica that comes to run."""
        raise NotImplementedError

    def broken_spec(self, runtime: Runtime, paths: FleetPaths) -> DeploymentSpec:
        """One that never will."""
        raise NotImplementedError

    def test_at_first_there_is_nothing_and_nothing_can_be_applied(self, runtime: Runtime) -> None:
        assert runtime.deployed() is None
        assert runtime.observe() is None
        assert runtime.log_files() == {}
        removal = runtime.remove()
        assert (removal.existed, removal.processes_ended) == (False, 0)

    def test_a_deployment_comes_to_run_is_remembered_and_goes_without_a_trace(self, runtime: Runtime) -> None:
        paths = runtime.prepare(num_cpus=2, num_gpus=0)
        assert runtime.deployed() is None
        assert runtime.observe() is None
        spec = self.spec(runtime, paths)
        runtime.apply(spec)
        assert runtime.deployed() == spec
        first = runtime.observe()
        assert first is not None
        assert first.phase is not FleetPhase.READY
        assert runtime.failure() is None

        fleet = self._until(runtime, _whole)
        assert (fleet.name, fleet.target_num_replicas, fleet.ready_replicas) == (spec.fleet, 1, 1)
        assert fleet.endpoint == f"http://127.0.0.1:{spec.gateway.port}/v1"
        assert fleet.controlled
        assert all(condition.status for condition in fleet.conditions)
        assert runtime.failure() is None

        removal = runtime.remove()
        assert removal.existed
        assert removal.processes_ended > 0
        assert runtime.deployed() is None
        assert runtime.observe() is None
        assert not runtime.remove().existed

    def test_another_count_keeps_the_replicas_that_stay(self, runtime: Runtime) -> None:
        spec = self.spec(runtime, runtime.prepare(num_cpus=2, num_gpus=0))
        runtime.apply(spec)
        (first,) = self._until(runtime, _whole).engines
        runtime.apply(scaled(spec, 2))
        two = self._until(runtime, lambda fleet: _whole(fleet) and len(fleet.engines) == 2)
        assert first.replica_id in {replica.replica_id for replica in two.engines}
        runtime.apply(spec)
        one = self._until(runtime, lambda fleet: _whole(fleet) and len(fleet.engines) == 1)
        assert one.engines[0].replica_id in {replica.replica_id for replica in two.engines}

    @pytest.mark.parametrize("new_first", [True, False])
    def test_a_replica_that_is_restarted_keeps_its_name_and_has_begun_anew(
        self, runtime: Runtime, new_first: bool
    ) -> None:
        runtime.apply(self.spec(runtime, runtime.prepare(num_cpus=2, num_gpus=0)))
        (first,) = self._until(runtime, _whole).engines
        runtime.order(ReplicaOrder(first.replica_id, Verb.RESTART, new_first))
        fleet = self._until(runtime, lambda fleet: _whole(fleet) and _engine(fleet).restarts_by_hand == 1)
        assert [each.replica_id for each in fleet.engines] == [first.replica_id]
        assert (_engine(fleet).orders_by_hand, _engine(fleet).task, _engine(fleet).trouble_by_hand) == (1, "", "")

    def test_a_replica_that_is_drained_stands_aside_until_it_is_restarted(self, runtime: Runtime) -> None:
        spec = scaled(self.spec(runtime, runtime.prepare(num_cpus=2, num_gpus=0)), 2)
        runtime.apply(spec)
        first, _ = self._until(runtime, lambda fleet: _whole(fleet) and len(fleet.engines) == 2).engines
        runtime.order(ReplicaOrder(first.replica_id, Verb.DRAIN))
        aside = self._until(runtime, lambda fleet: fleet.drained_replicas == 1)
        assert (aside.phase, aside.ready_replicas, len(aside.engines)) == (FleetPhase.READY, 1, 2)
        with pytest.raises(EnvironmentNotReady, match="is drained already"):
            runtime.order(ReplicaOrder(first.replica_id, Verb.DRAIN))
        runtime.order(ReplicaOrder(first.replica_id, Verb.RESTART))
        self._until(runtime, lambda fleet: fleet.ready_replicas == 2)

    def test_a_replica_does_one_thing_at_a_time_and_what_is_none_does_nothing(self, runtime: Runtime) -> None:
        runtime.apply(self.spec(runtime, runtime.prepare(num_cpus=2, num_gpus=0)))
        (first,) = self._until(runtime, _whole).engines
        with pytest.raises(EnvironmentNotReady, match="no replica another runs"):
            runtime.order(ReplicaOrder("another", Verb.RESTART))
        runtime.order(ReplicaOrder(first.replica_id, Verb.RESTART))
        with pytest.raises(EnvironmentNotReady, match=f"{first.replica_id} is .* by hand already"):
            runtime.order(ReplicaOrder(first.replica_id, Verb.RESTART))

    def test_a_deployment_that_cannot_start_is_told_once_that_is_certain(self, runtime: Runtime) -> None:
        runtime.apply(self.broken_spec(runtime, runtime.prepare(num_cpus=2, num_gpus=0)))
        fleet = self._until(runtime, lambda fleet: fleet.phase is FleetPhase.FAILED)
        assert fleet.ready_replicas == 0
        failure = runtime.failure()
        assert isinstance(failure, DeployFailed)
        assert failure.message

    def test_nothing_can_be_applied_where_nothing_was_prepared(self, runtime: Runtime) -> None:
        paths = runtime.prepare(num_cpus=2, num_gpus=0)
        spec = self.spec(runtime, paths)
        runtime.remove()
        with pytest.raises(EnvironmentNotReady):
            runtime.apply(spec)

    def test_one_command_at_a_time_and_the_other_is_told_which(self, runtime: Runtime) -> None:
        with runtime.locked("up"):
            with pytest.raises(EnvironmentNotReady, match="is being changed by `qorch up"), runtime.locked("scale"):
                raise AssertionError("both hold the fleet")
            with pytest.raises(EnvironmentNotReady), runtime.locked("scale"):
                raise AssertionError("being refused let go of the other's lock")

    def test_a_command_that_fails_lets_go(self, runtime: Runtime) -> None:
        with pytest.raises(KeyboardInterrupt), runtime.locked("up"):
            raise KeyboardInterrupt
        with runtime.locked("down"):
            pass

    def _until(self, runtime: Runtime, so: Callable[[Fleet], bool]) -> Fleet:
        deadline_s = time.monotonic() + self.patience_s
        while time.monotonic() < deadline_s:
            fleet = runtime.observe()
            if fleet is not None and so(fleet):
                return fleet
            time.sleep(0.05)
        raise AssertionError(f"not within {self.patience_s:g} s: {fleet}")


def _whole(fleet: Fleet) -> bool:
    return fleet.phase is FleetPhase.READY


def _engine(fleet: Fleet) -> EngineView:
    engine = fleet.engines[0].engine
    assert engine is not None
    return engine
