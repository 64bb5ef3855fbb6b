"""What the operator sees of a cluster, and what it writes while it may."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.adapters.kubernetes_api import connect
from orchestrator.adapters.watched_cluster import WatchedCluster
from orchestrator.core.qwen_fleet.kind import Key
from orchestrator.core.qwen_fleet.trouble import Reason
from tests.core.cluster.objects import A100_LABELS, node_object, pod_object
from tests.kube.fixtures import api_server, kubeconfig
from tests.kube.server import ApiServer

__all__ = ["api_server", "kubeconfig"]
ITEM = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "default"}}


class Seen:
    """A cluster that is watched, what changed of it, and whether it may be written to."""

    def __init__(self, kubeconfig: Path) -> None:
        self.changes: list[Key | None] = []
        self.leads = True
        self.cluster = WatchedCluster(connect(kubeconfig, None), (), self.changes.append, lambda: self.leads)


@pytest.fixture
def seen(api_server: ApiServer, kubeconfig: Path) -> Iterator[Seen]:
    found = Seen(kubeconfig)
    yield found
    found.cluster.stop()


def test_whoever_no_longer_leads_writes_nothing(seen: Seen, api_server: ApiServer):
    seen.leads = False
    trouble = seen.cluster.apply(ITEM)
    assert trouble is not None
    assert trouble.reason is Reason.UNREACHABLE
    assert seen.cluster.delete(ITEM) is not None
    assert api_server.requests == []
    seen.leads = True
    assert seen.cluster.apply(ITEM) is None
    assert seen.cluster.delete(ITEM) is None
    assert [each.verb for each in api_server.requests] == ["patch", "delete"]


def test_nodes_and_pods_are_kept_as_far_as_a_plan_needs_them(seen: Seen, api_server: ApiServer):
    api_server.put(node_object("a", A100_LABELS, gpus=8))
    api_server.put(pod_object("p", "a", gpu=3))
    api_server.put(pod_object("done", "a", "Succeeded", gpu=5))
    api_server.put(pod_object("waits", None, gpu=5))
    odd = {"name": "odd", "labels": {"qorch.dev/fleet": "odd"}}
    api_server.put({"apiVersion": "ray.io/v1", "kind": "RayService", "metadata": odd, "spec": {}})
    seen.cluster.start()
    while not seen.cluster.looked:
        time.sleep(0.01)
    assert [node.name for node in seen.cluster.nodes()] == ["a"]
    assert {name: int(each["nvidia.com/gpu"]) for name, each in seen.cluster.crowd().requested.items()} == {"a": 3}
    assert [each["metadata"]["name"] for each in seen.cluster.objects(Key("default", "odd"))] == ["odd"]
    assert {str(trouble.reason) for trouble in seen.cluster.unseen()} == {"KindNotServed"}
    assert seen.cluster.troubles() == ()


def test_a_secret_is_looked_for_without_being_read(seen: Seen, api_server: ApiServer):
    assert seen.cluster.secret_exists("default", "qorch-chat") is False
    api_server.put({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "qorch-chat"}})
    assert seen.cluster.secret_exists("default", "qorch-chat") is True
    assert seen.cluster.secret_exists("nowhere", "qorch-chat") is None
    assert {each.verb for each in api_server.requests} == {"create"}
