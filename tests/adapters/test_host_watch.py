"""A fleet of this host as it is watched, over stand-ins for Ray Serve, the gateway and the driver."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.adapters import gateway_api
from orchestrator.adapters.bare_host import BareHost
from orchestrator.adapters.fleet_files import FleetFiles, FleetRecord
from orchestrator.adapters.gpu_watch import GpuWatch
from orchestrator.adapters.history_writer import HistoryWriter
from orchestrator.adapters.host_watch import HostWatch
from orchestrator.adapters.owned_processes import MARK
from orchestrator.adapters.scaling_file import write_state
from orchestrator.adapters.scaling_history import ScalingHistory
from orchestrator.core.fleet import Decided
from orchestrator.core.live.carried import GATEWAY, GPUS, SERVE
from orchestrator.core.live.reading import Reading
from orchestrator.core.live.watch import WatchMemory, watched
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.scaled import bounded
from orchestrator.core.scaling.looks import Look
from orchestrator.core.scaling.pool_state import PoolState
from tests.adapters.http_stand_in import HttpStandIn, http_stand_in
from tests.adapters.nvml_stand_in import A100, NvmlStandIn
from tests.adapters.serve_answers import ROUTE, answer, replica
from tests.adapters.test_gateway_api import LOOK, TOLD
from tests.app.samples import demo_spec
from tests.core.scaling.seen_pools import POLICY, PRIOR, PoolRun

GIVE_UP_S = 20.0


@pytest.fixture
def files(tmp_path: Path) -> FleetFiles:
    return FleetFiles(tmp_path / "state", "mine")


@pytest.fixture
def dashboard() -> Iterator[HttpStandIn]:
    with http_stand_in() as stand_in:
        stand_in.answers[f"GET {ROUTE}"] = (200, answer("RUNNING", "", replica()))
        yield stand_in


@pytest.fixture
def gateway() -> Iterator[HttpStandIn]:
    with http_stand_in() as stand_in:
        stand_in.answers[f"GET {LOOK}"] = (200, TOLD)
        yield stand_in


@pytest.fixture
def nvml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NvmlStandIn:
    """A host without a driver, until a test says otherwise."""
    (tmp_path / "nvml").mkdir()
    made = NvmlStandIn(tmp_path / "nvml")
    made.take_the_drivers_place(monkeypatch)
    made.answer(init=9)
    return made


@pytest.fixture
def watch(
    files: FleetFiles, dashboard: HttpStandIn, gateway: HttpStandIn, nvml: NvmlStandIn, tmp_path: Path
) -> Iterator[HostWatch]:
    files.write(FleetRecord(1, dashboard.port, demo_spec("mine", port=gateway.port)))
    files.ray_token_path.write_text("ray-token")
    files.admin_token_path.write_text("admin-token")
    made = HostWatch(BareHost(tmp_path / "state", "mine"), ScalingHistory(files.history_path), GpuWatch(0.05))
    yield made
    made.close()


def told(reading: Reading) -> dict[str, str | None]:
    return {source.name: source.error for source in reading.sources}


def until(watch: HostWatch, met: Callable[[Reading], object]) -> Reading:
    due_s = time.monotonic() + GIVE_UP_S
    while not met(reading := watch.read()):
        assert time.monotonic() < due_s
        time.sleep(0.01)
    return reading


def test_all_sources_are_one_reading(watch: HostWatch) -> None:
    began_s = time.time()
    reading = watch.read()
    assert reading.fleet is not None
    assert reading.traffic is not None
    assert reading.fleet.engines[0].engine is not None
    assert reading.traffic.answered_total == 7.0
    assert began_s <= reading.at_s <= time.time()
    assert [(source.name, source.at_s, source.error) for source in reading.sources] == [
        (SERVE, reading.at_s, None),
        (GATEWAY, reading.at_s, None),
    ]


def test_a_look_asks_each_source_once(watch: HostWatch, dashboard: HttpStandIn, gateway: HttpStandIn) -> None:
    for _ in range(3):
        watch.read()
    assert [asked.path for asked in gateway.asked] == [LOOK] * 3
    assert [asked.path for asked in dashboard.asked] == [ROUTE] * 3


def test_a_gateway_that_falls_silent_is_named_with_when_it_last_answered(
    watch: HostWatch, gateway: HttpStandIn
) -> None:
    before = watch.read()
    gateway.answers = {}
    reading = watch.read()
    assert told(reading) == {SERVE: None, GATEWAY: "does not answer"}
    assert [source.at_s for source in reading.sources] == [reading.at_s, before.at_s]
    assert (reading.traffic, reading.fleet is not None) == (None, True)


def test_one_that_hangs_is_waited_for_as_long_as_its_patience(
    watch: HostWatch, files: FleetFiles, dashboard: HttpStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_api, "LOOK_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as never_answers:
        files.write(FleetRecord(1, dashboard.port, demo_spec("mine", port=never_answers.getsockname()[1])))
        assert told(watch.read()) == {SERVE: None, GATEWAY: "does not answer"}


def test_a_serve_that_falls_silent_leaves_what_the_gateway_says(watch: HostWatch, dashboard: HttpStandIn) -> None:
    name, memory = "mine", WatchMemory()
    _, memory = watched(name, watch.read(), memory)
    dashboard.answers = {}
    reading = watch.read()
    assert told(reading) == {SERVE: "does not answer", GATEWAY: None}
    snapshot, _ = watched(name, reading, memory)
    assert [row.replica_id for row in snapshot.replicas] == ["cnedz0oj", "9tyl8ojr"]
    assert (snapshot.phase, snapshot.summary.in_flight) == ("Degraded", 1)


def test_a_fleet_that_is_taken_down_while_it_is_watched_is_no_error(watch: HostWatch, files: FleetFiles) -> None:
    watch.read()
    files.remove()
    reading = watch.read()
    assert reading.fleet is None
    assert told(reading) == {SERVE: "there is no fleet 'mine'", GATEWAY: "there is no fleet 'mine'"}


def test_a_record_that_is_damaged_while_it_is_watched_is_told(watch: HostWatch, files: FleetFiles) -> None:
    files.record_path.write_text("{")
    assert "is damaged" in str(told(watch.read())[SERVE])


def test_gpus_are_a_source_once_a_driver_has_answered(watch: HostWatch, nvml: NvmlStandIn) -> None:
    nvml.answer(A100)
    reading = until(watch, lambda reading: reading.hosts[0].gpus)
    assert told(reading)[GPUS] is None
    assert [gpu.name for gpu in reading.hosts[0].gpus] == ["NVIDIA A100-SXM4-80GB"]


def test_the_host_tells_its_processor_and_memory_and_what_ray_knows_it_by(watch: HostWatch) -> None:
    reading = watch.read()
    assert reading.fleet is not None
    (host,) = reading.hosts
    assert host.host == socket.gethostname()
    assert host.load is not None
    assert 0 < host.load.memory_used_bytes < host.load.memory_total_bytes
    assert 0 <= host.load.cpu_percent <= 100
    assert host.load.cpu_cores >= 1
    snapshot, _ = watched("mine", reading, WatchMemory())
    assert {row.host for row in snapshot.replicas} == {socket.gethostname()}


def test_of_the_processes_on_a_gpu_those_of_the_fleet_are_known(
    watch: HostWatch, files: FleetFiles, nvml: NvmlStandIn
) -> None:
    sleeps = [sys.executable, "-c", "input()"]
    ours = subprocess.Popen(sleeps, env={**os.environ, MARK: files.fleet_id}, stdin=subprocess.PIPE)
    other = subprocess.Popen(sleeps, stdin=subprocess.PIPE)
    try:
        nvml.answer(A100 | {"compute": f"{ours.pid}:100 {other.pid}:200"})
        reading = until(watch, lambda reading: reading.hosts[0].gpus)
        assert reading.hosts[0].own_pids == {ours.pid}
        snapshot, _ = watched("mine", reading, WatchMemory())
        assert f"pid {other.pid} (" in snapshot.gpus[0].others
        assert f"pid {ours.pid} (" not in snapshot.gpus[0].others
    finally:
        for each in (ours, other):
            each.communicate()


def test_logs_are_known_by_their_replicas_the_one_written_last_first(watch: HostWatch, files: FleetFiles) -> None:
    files.log_dir.mkdir(parents=True)
    for at_s, name in enumerate(("older", "newer")):
        path = files.log_dir / f"engine-{name}.log"
        path.write_text("words\n")
        os.utime(path, (at_s, at_s))
    assert watch.logged() == ("newer", "older")
    older = watch.log("older")
    assert older is not None
    assert older.path == files.log_dir / "engine-older.log"


def test_a_host_without_a_driver_has_no_such_source(watch: HostWatch) -> None:
    assert GPUS not in told(watch.read())


def test_a_driver_that_refuses_is_a_source_that_is_silent(watch: HostWatch, nvml: NvmlStandIn) -> None:
    nvml.answer(init=18)
    reading = until(watch, lambda reading: GPUS in told(reading))
    assert "the old one is still loaded" in str(told(reading)[GPUS])
    assert reading.sources[-1].at_s is None


@pytest.fixture
def decided(watch: HostWatch, files: FleetFiles, dashboard: HttpStandIn, gateway: HttpStandIn) -> PoolRun:
    """A fleet that scales, and has decided."""
    spec = bounded(demo_spec("mine", port=gateway.port), ReplicaBounds(1, 3))
    files.write(FleetRecord(1, dashboard.port, spec))
    run = PoolRun()
    run.run(60, 9.0)
    assert run.decision is not None
    assert run.memory is not None
    write_state(files.scaling_path, PoolState(run.goal, POLICY, PRIOR, run.decision, run.memory, {}))
    return run


def test_the_last_decision_is_told_where_the_history_cannot_be_read(
    watch: HostWatch, files: FleetFiles, decided: PoolRun
) -> None:
    files.history_path.write_text("no database")
    assert [each.decision for each in watch.read().decisions] == [decided.decision]


def test_decisions_are_read_from_the_history_where_there_is_one(
    watch: HostWatch, files: FleetFiles, decided: PoolRun
) -> None:
    assert decided.last is not None
    assert decided.decision is not None
    assert decided.memory is not None
    looked = Look(decided.last, decided.goal, POLICY, PRIOR, decided.decision), decided.memory
    older = Decided(1.0, replace(decided.decision, steps=()), {"demo": 1})
    HistoryWriter(files.history_path).add(None, [looked], [older, replace(older, at_s=2.0)])
    assert [each.at_s for each in watch.read().decisions] == [1.0, 2.0]


def test_a_log_is_found_by_its_replica(watch: HostWatch, files: FleetFiles) -> None:
    files.log_dir.mkdir(parents=True)
    log = files.log_dir / "engine-cnedz0oj.log"
    log.write_text("loading")
    found = watch.log("cnedz0oj")
    assert found is not None
    assert found.read().data == b"loading"
    found.close()
    assert (watch.log("another"), watch.log("cnedz0oj", previous=True)) == (None, None)
