"""`qorch logs` over a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.cluster_lab import NAMESPACE, Lab, lab
from tests.cli.conftest import Done, Qorch
from tests.kube.fixtures import api_server
from tests.kube.kinds import Object
from tests.kube.server import ApiServer

__all__ = ["api_server"]


@pytest.fixture
def cluster(api_server: ApiServer, tmp_path: Path) -> Iterator[Lab]:
    """Two engines, the one of them a day older, and a gateway, as `qorch` labels them."""
    with lab(api_server, tmp_path) as made:
        for name, role, day in (("old", "engine", 1), ("new", "engine", 2), ("gate", "gateway", 3)):
            api_server.put(pod(name, role, f"2026-01-0{day}T00:00:00Z"))
        logs = api_server.behind.logs
        logs[NAMESPACE, "old", "logs"] = "of old\n"
        logs[NAMESPACE, "new", "logs"] = "loads\n\nanswers\n"
        logs[NAMESPACE, "new", "engine (previous)"] = "OOM\n"
        logs[NAMESPACE, "gate", "gateway"] = "listens\n"
        yield made


def pod(name: str, role: str, created: str) -> Object:
    labels = {"qorch.dev/fleet": "default", "qorch.dev/role": role}
    metadata = {"name": name, "namespace": NAMESPACE, "labels": labels, "creationTimestamp": created}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": []}, "status": {}}


@pytest.fixture
def logs(qorch: Qorch, cluster: Lab) -> Qorch:
    def logs(*arguments: str) -> Done:
        return qorch("logs", *arguments, "--kubeconfig", cluster.kubeconfig)

    return logs


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        ((), "loads\n\nanswers\n"),
        (("old",), "of old\n"),
        (("gate",), "listens\n"),
        (("--tail", "1"), "answers\n"),
        (("-f",), "loads\n\nanswers\n"),
        (("new", "--previous"), "OOM\n"),
    ],
)
def test_the_youngest_engine_or_the_pod_that_is_named_has_its_log(
    logs: Qorch, arguments: tuple[str, ...], printed: str
) -> None:
    done = logs(*arguments)
    assert (done.code, done.out) == (0, printed), done.err


def test_a_pod_that_is_not_there_is_told_with_those_that_are(logs: Qorch) -> None:
    done = logs("other")
    assert (done.code, done.error) == (2, "there is no pod 'other'; there are: old, new, gate")
    assert done.hint.startswith("qorch status --kubeconfig ")


def test_a_container_that_has_not_started_is_told_in_the_servers_words(logs: Qorch, cluster: Lab) -> None:
    del cluster.server.behind.logs[NAMESPACE, "new", "logs"]
    done = logs()
    assert (done.code, done.out) == (4, "")
    assert 'container "logs" in pod "new" is not available' in done.error


def test_previous_is_of_pods(qorch: Qorch) -> None:
    done = qorch("logs", "--previous")
    assert (done.code, done.error) == (2, "--previous is for a cluster: --kube-context NAME")
