"""The container that prints an engine's log, its script run as it is."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.core.engine_spec import POD_LOG
from orchestrator.core.manifests.logs import FOLLOW
from orchestrator.core.pod_deployment import pod_deployment
from orchestrator.core.scaling.goal import ScalingGoal
from tests.app.samples import demo_spec
from tests.manifests.rendered import plan, rendered


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / POD_LOG


@pytest.fixture
def printing(log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sh", "-c", FOLLOW.format(path=log)], stdout=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_a_log_is_printed_from_its_beginning_as_it_grows_and_when_it_begins_anew(
    log: Path, printing: subprocess.Popen[bytes]
) -> None:
    assert printing.stdout is not None
    log.write_text("loads\n")
    assert printing.stdout.readline() == b"loads\n"
    with log.open("a") as more:
        more.write("answers\n")
    assert printing.stdout.readline() == b"answers\n"
    log.write_text("new\n")
    assert printing.stdout.readline() == b"new\n"


def test_it_ends_when_it_is_told_to(log: Path, printing: subprocess.Popen[bytes]) -> None:
    assert printing.stdout is not None
    log.write_text("loads\n")
    printing.stdout.readline()
    printing.terminate()
    assert printing.wait(5) == 0


def test_it_reads_the_file_that_the_engine_beside_it_writes() -> None:
    (engine,) = rendered().engines
    pod = engine["template"]["spec"]
    _, logs = pod["initContainers"]
    (ray,) = pod["containers"]
    (mounted,) = logs["volumeMounts"]
    assert {"name": "logs", "mountPath": mounted["mountPath"]} in ray["volumeMounts"]
    assert f"{mounted['mountPath']}/{POD_LOG}" in logs["command"][-1]
    assert (logs["restartPolicy"], mounted["readOnly"]) == ("Always", True)


def test_the_engine_of_a_pod_writes_that_file_and_those_of_a_host_one_each() -> None:
    on_pod = pod_deployment("chat", plan(), ScalingGoal()).variants[0].engine
    assert on_pod.log_name("r0") == POD_LOG
    assert demo_spec().variants[0].engine.log_name("r0") == "engine-r0.log"
