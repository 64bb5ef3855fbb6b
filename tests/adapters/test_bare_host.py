"""The bare host with stand-ins for Ray's dashboard and the gateway: what a crash leaves, and who answers."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orchestrator.adapters import bare_host
from orchestrator.adapters.bare_host import BareHost, deploy_failure
from orchestrator.adapters.fleet_files import FleetFiles, FleetRecord
from orchestrator.adapters.owned_processes import MARK
from orchestrator.adapters.ports import free_ports
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.errors import DeployFailed, EnvironmentNotReady
from orchestrator.core.fleet import FleetPhase
from orchestrator.core.replica_bounds import exactly
from orchestrator.core.scaled import bounded
from tests.adapters.http_stand_in import HttpStandIn, http_stand_in
from tests.adapters.serve_answers import EMPTY, FAILED, ROUTE, answer, replica
from tests.adapters.test_gateway_api import LOOK, TOLD
from tests.app.samples import demo_spec

Leave = Callable[..., DeploymentSpec]


@pytest.fixture
def files(tmp_path: Path) -> FleetFiles:
    return FleetFiles(tmp_path / "state", "mine")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BareHost:
    monkeypatch.setattr("orchestrator.adapters.ray_head.tempfile.gettempdir", lambda: str(tmp_path))
    return BareHost(tmp_path / "state", "mine")


@pytest.fixture
def dashboard() -> Iterator[HttpStandIn]:
    with http_stand_in() as stand_in:
        stand_in.answers[f"GET {ROUTE}"] = (200, answer("RUNNING", "", replica()))
        yield stand_in


@pytest.fixture
def gateway() -> Iterator[HttpStandIn]:
    with http_stand_in() as stand_in:
        stand_in.answers = {"GET /ready": (200, {}), f"GET {LOOK}": (200, TOLD)}
        yield stand_in


@pytest.fixture
def leave(files: FleetFiles) -> Leave:
    """Leaves the files of a fleet whose dashboard and gateway listen at these ports."""

    def leaving(dashboard_port: int = 0, gateway_port: int = 0) -> DeploymentSpec:
        dashboard_port, gateway_port = dashboard_port or free_ports(1)[0], gateway_port or free_ports(1)[0]
        spec = demo_spec("mine", port=gateway_port)
        files.write(FleetRecord(1, dashboard_port, spec))
        files.ray_token_path.write_text("ray-token")
        files.admin_token_path.write_text("admin-token")
        return spec

    return leaving


@pytest.fixture
def process(files: FleetFiles) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the fleet."""
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(command, env={MARK: files.fleet_id}) as started:
        yield started
        started.kill()


class TestNoFleet:
    def test_there_is_nothing_to_see_and_nothing_to_take_down(self, host: BareHost, tmp_path: Path) -> None:
        assert host.deployed() is None
        assert host.observe() is None
        assert host.look() is None
        assert host.log_files() == {}
        assert host.remove().existed is False
        assert list(tmp_path.iterdir()) == []

    def test_applying_says_that_there_is_no_fleet(self, host: BareHost) -> None:
        with pytest.raises(EnvironmentNotReady, match="there is no fleet 'mine'") as raised:
            host.apply(demo_spec("mine"))
        assert raised.value.hint == "qorch up --fleet mine"


class TestAFleetThatRuns:
    @pytest.fixture(autouse=True)
    def _runs(
        self, leave: Leave, dashboard: HttpStandIn, gateway: HttpStandIn, process: subprocess.Popen[bytes]
    ) -> None:
        self.spec = leave(dashboard.port, gateway.port)

    def test_it_is_deployed_as_it_was_asked_for(self, host: BareHost) -> None:
        assert host.deployed() == self.spec

    def test_what_serve_and_the_gateway_say_is_one_fleet(self, host: BareHost, gateway: HttpStandIn) -> None:
        fleet = host.observe()
        assert fleet is not None
        assert (fleet.phase, fleet.ready_replicas) == (FleetPhase.READY, 1)
        assert fleet.endpoint == f"{gateway.url}/v1"
        assert fleet.engines[0].engine is not None
        assert fleet.engines[0].engine.pid == 5560

    def test_each_is_asked_with_its_own_token(
        self, host: BareHost, dashboard: HttpStandIn, gateway: HttpStandIn
    ) -> None:
        host.observe()
        assert {asked.authorization for asked in dashboard.asked} == {"Bearer ray-token"}
        assert "Bearer admin-token" in {asked.authorization for asked in gateway.asked}

    def test_an_engine_that_the_gateway_does_not_know_is_not_ready(self, host: BareHost, gateway: HttpStandIn) -> None:
        gateway.answers[f"GET {LOOK}"] = (200, {**TOLD, "replicas": []})
        fleet = host.observe()
        assert fleet is not None
        assert (fleet.phase, fleet.ready_replicas) == (FleetPhase.DEGRADED, 0)

    def test_who_looks_again_and_again_asks_the_gateway_once_and_no_engine(
        self, host: BareHost, gateway: HttpStandIn
    ) -> None:
        seen = host.look()
        assert seen is not None
        fleet, traffic = seen
        assert [asked.path for asked in gateway.asked] == [LOOK]
        assert (fleet.phase, fleet.targets) == (FleetPhase.READY, {"engine": 1, "gateway": 1})
        assert traffic is not None
        assert traffic.answered_total == 7.0

    def test_a_look_at_a_silent_gateway_shows_what_serve_says(self, host: BareHost, gateway: HttpStandIn) -> None:
        gateway.answers = {}
        seen = host.look()
        assert seen is not None
        fleet, traffic = seen
        assert traffic is None
        assert [each.replica_id for each in fleet.engines] == ["cnedz0oj"]
        assert fleet.phase is not FleetPhase.READY

    def test_another_count_is_put_and_remembered(
        self, host: BareHost, dashboard: HttpStandIn, files: FleetFiles
    ) -> None:
        dashboard.answers[f"PUT {ROUTE}"] = (200, "")
        two = bounded(self.spec, exactly(2))
        host.apply(two)
        assert dashboard.asked[-1].body["applications"][0]["deployments"][0]["autoscaling_config"]["max_replicas"] == 2
        record = files.read()
        assert record is not None
        assert record.deployed == two

    def test_what_serve_refuses_is_not_remembered(
        self, host: BareHost, dashboard: HttpStandIn, files: FleetFiles
    ) -> None:
        dashboard.answers[f"PUT {ROUTE}"] = (400, "no")
        with pytest.raises(EnvironmentNotReady):
            host.apply(bounded(self.spec, exactly(2)))
        record = files.read()
        assert record is not None
        assert record.deployed == self.spec

    def test_a_deployment_that_failed_is_told_with_the_engines_last_lines(
        self, host: BareHost, dashboard: HttpStandIn
    ) -> None:
        assert host.failure() is None
        dashboard.answers[f"GET {ROUTE}"] = (200, answer("DEPLOY_FAILED", FAILED))
        failure = host.failure()
        assert isinstance(failure, DeployFailed)
        assert failure.message == "the deployment failed: the engine ended with exit status 1"

    def test_replicas_drain_before_their_processes_are_ended(
        self, host: BareHost, dashboard: HttpStandIn, process: subprocess.Popen[bytes], files: FleetFiles
    ) -> None:
        dashboard.answers[f"DELETE {ROUTE}"] = (200, "")
        still_runs = []

        def drained() -> None:
            while not any(asked.method == "DELETE" for asked in dashboard.asked):
                time.sleep(0.01)
            time.sleep(0.2)
            still_runs.append(process.poll() is None)
            dashboard.answers[f"GET {ROUTE}"] = (200, EMPTY)

        serve = threading.Thread(target=drained)
        serve.start()
        removal = host.remove()
        serve.join()
        assert still_runs == [True]
        assert (removal.existed, removal.processes_ended) == (True, 1)
        assert process.poll() is not None
        assert not files.exist

    def test_a_ray_that_refuses_to_drain_does_not_keep_the_fleet_up(
        self, host: BareHost, process: subprocess.Popen[bytes], files: FleetFiles, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bare_host, "DRAIN_TIMEOUT_S", 0.2)
        assert host.remove().processes_ended == 1
        assert not files.exist


class TestWhatACrashLeaves:
    def test_a_record_without_processes_is_no_fleet_that_lives(self, host: BareHost, leave: Leave) -> None:
        leave()
        assert host.deployed() is None

    def test_it_is_seen_as_unavailable_and_not_as_an_error(self, host: BareHost, leave: Leave) -> None:
        leave()
        fleet = host.observe()
        assert fleet is not None
        assert (fleet.phase, fleet.controlled, fleet.replicas) == (FleetPhase.UNAVAILABLE, False, ())

    def test_processes_whose_ray_is_gone_are_no_fleet_that_lives_and_are_not_waited_for(
        self, host: BareHost, leave: Leave, process: subprocess.Popen[bytes]
    ) -> None:
        leave()
        started_s = time.monotonic()
        assert host.deployed() is None
        assert time.monotonic() - started_s < 3

    def test_a_fleet_that_serves_without_ray_still_counts(
        self, host: BareHost, leave: Leave, process: subprocess.Popen[bytes], gateway: HttpStandIn
    ) -> None:
        spec = leave(gateway_port=gateway.port)
        assert host.deployed() == spec
        fleet = host.observe()
        assert fleet is not None
        assert (fleet.phase, fleet.controlled) == (FleetPhase.DEGRADED, False)

    def test_a_ray_that_is_only_busy_is_given_time(
        self, host: BareHost, leave: Leave, process: subprocess.Popen[bytes], dashboard: HttpStandIn
    ) -> None:
        healthy = dashboard.answers.pop(f"GET {ROUTE}")
        spec = leave(dashboard.port)
        recovery = threading.Timer(0.5, lambda: dashboard.answers.update({f"GET {ROUTE}": healthy}))
        recovery.start()
        assert host.deployed() == spec
        recovery.join()

    def test_a_ray_that_stays_silent_is_given_up(
        self,
        host: BareHost,
        leave: Leave,
        process: subprocess.Popen[bytes],
        dashboard: HttpStandIn,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(bare_host, "CONTROL_PATIENCE_S", 0.3)
        dashboard.answers.clear()
        leave(dashboard.port)
        assert host.deployed() is None

    def test_a_ray_that_has_ended_is_a_failure_for_certain(self, host: BareHost, leave: Leave) -> None:
        leave()
        failure = host.failure()
        assert isinstance(failure, DeployFailed)
        assert "Ray has ended" in failure.message
        assert failure.hint == "qorch down --fleet mine, then qorch up again"

    def test_a_ray_that_does_not_answer_now_is_not_yet_a_failure(
        self, host: BareHost, leave: Leave, dashboard: HttpStandIn
    ) -> None:
        dashboard.answers.clear()
        leave(dashboard.port)
        assert host.failure() is None

    def test_removing_ends_what_still_runs_and_leaves_no_file(
        self, host: BareHost, leave: Leave, process: subprocess.Popen[bytes], files: FleetFiles
    ) -> None:
        leave()
        removal = host.remove()
        assert (removal.existed, removal.processes_ended) == (True, 1)
        assert not files.exist

    @pytest.mark.parametrize("damage", ["record", "tokens"])
    def test_a_damaged_record_can_be_taken_down_and_counts_as_a_fleet(
        self, host: BareHost, leave: Leave, process: subprocess.Popen[bytes], files: FleetFiles, damage: str
    ) -> None:
        leave()
        if damage == "record":
            files.record_path.write_text("{")
        else:
            files.ray_token_path.unlink()
        with pytest.raises(EnvironmentNotReady):
            host.deployed()
        removal = host.remove()
        assert (removal.existed, removal.processes_ended) == (True, 1)
        assert host.deployed() is None

    def test_processes_without_any_record_are_ended_as_well(
        self, host: BareHost, process: subprocess.Popen[bytes]
    ) -> None:
        assert host.remove().existed
        assert process.poll() is not None


def test_logs_are_by_replica_with_the_youngest_last(host: BareHost, files: FleetFiles) -> None:
    import os

    files.log_dir.mkdir(parents=True)
    for age, name in enumerate(("engine-new.log", "engine-old.log", "engine-old.log.old", "other.txt")):
        path = files.log_dir / name
        path.write_text(name)
        os.utime(path, (1000 - age, 1000 - age))
    assert list(host.log_files()) == ["old", "new"]


class TestDeployFailure:
    def test_the_last_try_is_told_without_rays_traceback(self) -> None:
        failure = deploy_failure(FAILED)
        assert failure.message == "the deployment failed: the engine ended with exit status 1"
        assert failure.log_lines == (
            "llama_model_load: error loading model: unknown model architecture",
            "srv    load_model: failed to load model",
        )

    def test_a_message_that_comes_twice_is_told_once(self) -> None:
        assert deploy_failure(f"{FAILED}\n{FAILED}").log_lines == deploy_failure(FAILED).log_lines

    @pytest.mark.parametrize(
        ("message", "reason"),
        [("", "no reason given"), ("\n \n", "no reason given"), ("a\n  ImportError: b\n", "ImportError: b")],
    )
    def test_a_message_that_is_not_ours_is_told_by_its_last_line(self, message: str, reason: str) -> None:
        assert deploy_failure(message).message == f"the deployment failed: {reason}"
