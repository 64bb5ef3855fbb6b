"""What is left on the machine: nothing but caches after `down`, and nothing half-started after a failure."""

from __future__ import annotations

import signal
import socket
import time
from pathlib import Path

import psutil
import pytest

from orchestrator.adapters.ray_head import ray_folder
from tests.e2e.real_fleet import RealFleet

pytestmark = pytest.mark.e2e


def shared_memory() -> set[str]:
    return {path.name for path in Path("/dev/shm").iterdir()}


def runs(process: psutil.Process) -> bool:
    """Whether it is more than an entry that the init process has not collected yet."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def assert_nothing_is_left(fleet: RealFleet) -> None:
    assert fleet.processes() == []
    assert {path.name for path in fleet.home.iterdir()} <= {"cache"}
    assert not ray_folder(fleet.mark).exists()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", fleet.port))


def test_down_leaves_no_process_port_or_file_but_caches(own_fleet: RealFleet) -> None:
    shm = shared_memory()
    own_fleet.up()
    children = [child for process in own_fleet.processes() for child in process.children(recursive=True)]
    done = own_fleet.qorch("down")
    assert done.returncode == 0, done.stderr
    assert_nothing_is_left(own_fleet)
    assert not [child for child in children if runs(child)]
    assert shared_memory() <= shm


def test_ctrl_c_during_up_takes_down_what_was_started(own_fleet: RealFleet) -> None:
    process = own_fleet.start("up", "--profile", "auto", "--port", str(own_fleet.port))
    own_fleet.until(lambda: bool(own_fleet.processes()), "Ray is being started")
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr.rstrip().endswith("interrupted")
    assert_nothing_is_left(own_fleet)


def test_what_a_crash_leaves_is_cleared_by_the_next_up(own_fleet: RealFleet) -> None:
    own_fleet.up()
    raylets = [p for p in own_fleet.processes() if p.name() in ("raylet", "gcs_server")]
    for process in raylets:
        process.kill()
    assert own_fleet.status()["phase"] != "Ready" or own_fleet.complete().status_code == 200
    own_fleet.up()
    assert own_fleet.complete().status_code == 200


def test_an_engine_that_cannot_start_is_told_with_its_last_words(own_fleet: RealFleet) -> None:
    own_fleet.env["QORCH_WEIGHTS"] = str(broken_gguf(own_fleet.home))
    done = own_fleet.qorch("up", "--profile", "demo-gguf", "--port", str(own_fleet.port))
    assert done.returncode in (4, 5), done.stderr
    assert "Traceback" not in done.stderr
    assert "hint: " in done.stderr
    del own_fleet.env["QORCH_WEIGHTS"]
    assert own_fleet.processes() == []


def broken_gguf(folder: Path) -> Path:
    from orchestrator.adapters.demo_model import make_demo_gguf

    path = make_demo_gguf(folder / "cache")
    path.write_bytes(path.read_bytes()[:200_000])
    return path


def test_a_second_up_at_the_same_time_is_refused(own_fleet: RealFleet) -> None:
    first = own_fleet.start("up", "--profile", "auto", "--port", str(own_fleet.port))
    own_fleet.until(lambda: bool(own_fleet.processes()), "the first one is starting")
    second = own_fleet.qorch("up", "--profile", "auto", "--port", str(own_fleet.port))
    assert second.returncode == 4
    assert "is being changed by `qorch up" in second.stderr
    first.communicate(timeout=120)
    assert first.returncode == 0


def test_a_port_in_use_stops_up_before_anything_is_started(own_fleet: RealFleet) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", own_fleet.port))
        taken.listen()
        done = own_fleet.qorch("up", "--profile", "auto", "--port", str(own_fleet.port))
    assert done.returncode == 4
    assert f"cannot listen on 127.0.0.1:{own_fleet.port}" in done.stderr
    assert own_fleet.processes() == []
