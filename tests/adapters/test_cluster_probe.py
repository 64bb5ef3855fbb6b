"""What is read of a cluster, and what is done without where permission lacks."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote

import pytest

from orchestrator.adapters.cluster_probe import ON_A_NODE, probe_cluster
from orchestrator.adapters.kubernetes_api import Forbidden, connect
from orchestrator.core.cluster.cluster_site import Seen
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.inventory import GpuDriver
from tests.adapters.http_stand_in import http_stand_in
from tests.adapters.test_kubernetes_api import config
from tests.core.cluster.objects import (
    A100_LABELS,
    Object,
    claim_object,
    device,
    limit_range_object,
    node_object,
    pod_object,
    quota_object,
    slice_object,
)
from tests.core.machines import gpu
from tests.kube.fixtures import api_server, kubeconfig
from tests.kube.server import ApiServer

__all__ = ["api_server", "kubeconfig"]
OF_NAMESPACE = ["resourcequotas", "limitranges"]
CLUSTER_READER = {"": ["nodes", "pods", *OF_NAMESPACE], "resource.k8s.io": ["resourceslices", "resourceclaims"]}


def reader(api_server: ApiServer, allowed: dict[str, list[str]]) -> None:
    """Lets eve list these kinds."""
    rules = [{"apiGroups": [group], "resources": kinds, "verbs": ["list"]} for group, kinds in allowed.items()]
    group = "rbac.authorization.k8s.io"
    role: Object = {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": "reader"}, "rules": rules}
    api_server.put(role)
    binding: Object = {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "reader"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "reader"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": "eve"}],
    }
    api_server.put(binding)


@pytest.fixture
def lab(api_server: ApiServer) -> ApiServer:
    api_server.put(node_object("a", A100_LABELS, gpus=8))
    api_server.put(node_object("dra"))
    api_server.put(pod_object("p", "a", gpu=3))
    api_server.put(pod_object("done", "a", phase="Succeeded", gpu=3))
    api_server.put(pod_object("waits", None, phase="Pending", gpu=3))
    api_server.put(slice_object("dra", device("gpu-0")))
    api_server.put(claim_object("c", ("dra", "gpu-0")))
    return api_server


def probed(server: ApiServer, tmp_path: Path, user: str = "eve") -> Seen:
    return probe_cluster(connect(server.kubeconfig(tmp_path / "config", user=user, context="lab"), None))


def test_nodes_requests_and_claimed_devices_are_read_with_one_list_each(lab: ApiServer, tmp_path: Path):
    reader(lab, CLUSTER_READER)
    seen = probed(lab, tmp_path)
    assert [node.name for node in seen.nodes] == ["a", "dra"]
    assert seen.requests.by_node == {"a": {"nvidia.com/gpu": 3}}
    assert [each.uuid for each in seen.claimed.devices["dra"]] == ["GPU-gpu-0"]
    assert seen.claimed.taken == {("dra", "gpu-0")}
    assert (seen.name, seen.notices) == ("lab", ())
    assert set(lab.counts().values()) == {1}


def test_where_pods_may_not_be_listed_the_plan_goes_by_what_nodes_can_allocate_and_says_so(
    lab: ApiServer, tmp_path: Path
):
    reader(lab, {**CLUSTER_READER, "": ["nodes", *OF_NAMESPACE]})
    seen = probed(lab, tmp_path)
    assert seen.requests.by_node == {}
    (told,) = seen.notices
    assert told.startswith("pods may not be listed: all that nodes can allocate is taken as free (permission to list")


def test_where_claims_may_not_be_listed_no_such_device_is_planned_on(lab: ApiServer, tmp_path: Path):
    reader(lab, {"": ["nodes", "pods"], "resource.k8s.io": ["resourceslices"]})
    seen = probed(lab, tmp_path)
    assert seen.claimed.devices == {}
    assert "resourceclaims.resource.k8s.io" in seen.notices[0]


def test_quotas_and_limit_ranges_are_those_of_the_namespace_that_is_asked_for(lab: ApiServer, tmp_path: Path):
    reader(lab, CLUSTER_READER)
    for namespace, gpus in {"default": 2, "llm": 4}.items():
        lab.put(quota_object("team", namespace, hard={"requests.nvidia.com/gpu": gpus}, used={}))
        lab.put(limit_range_object("most", namespace, max={"memory": f"{gpus}Gi"}))
    api = connect(lab.kubeconfig(tmp_path / "config", user="eve"), None)
    for namespace, gpus in {None: 2, "llm": 4, "empty": None}.items():
        ((name, limits),) = probe_cluster(api, namespace).limits.items()
        assert name == limits.namespace == (namespace or "default")
        assert [int(quota.hard["requests.nvidia.com/gpu"]) for quota in limits.quotas] == ([gpus] if gpus else [])
        assert [int(each.most["memory"]) >> 30 for each in limits.ranges] == ([gpus] if gpus else [])


def test_where_quotas_may_not_be_listed_none_is_reckoned_with(lab: ApiServer, tmp_path: Path):
    reader(lab, {**CLUSTER_READER, "": ["nodes", "pods", "limitranges"]})
    lab.put(quota_object("team", "default", hard={"pods": 1}, used={}))
    seen = probed(lab, tmp_path)
    assert not seen.limits["default"].limited
    (told,) = seen.notices
    assert told.startswith("resourcequotas of namespace default may not be listed: none is reckoned with (permission")


def test_nodes_are_needed(lab: ApiServer, tmp_path: Path):
    with pytest.raises(Forbidden, match="permission to list nodes is needed"):
        probed(lab, tmp_path)


def test_a_cluster_without_nodes(api_server: ApiServer, kubeconfig: Path):
    with pytest.raises(EnvironmentNotReady, match="a node is needed, and 'in-process' has none"):
        probe_cluster(connect(kubeconfig, None))


def test_what_probes_printed_is_read_from_their_logs_the_newest_of_each_node(tmp_path: Path):
    def probe(name: str, created: str, node: str = "bare") -> Object:
        pod = pod_object(name, node, phase="Succeeded")
        return {**pod, "metadata": {**pod["metadata"], "creationTimestamp": created}}

    def printed(name: str) -> str:
        return json.dumps([asdict(GpuDriver("580", "13.0")), [asdict(gpu(0, name, 80, (8, 0)))]])

    probes = "labelSelector=qorch.dev/probe%3Dgpus&fieldSelector=status.phase%3DSucceeded"
    pods = [
        probe("new", "2026-02-01"),
        probe("old", "2026-01-01"),
        probe("odd", "2026-01-01", "b"),
        probe("no", "", "c"),
    ]
    with http_stand_in() as server:
        server.answers["GET /api/v1/nodes?limit=500"] = (200, {"items": [node_object("bare", gpus=1)]})
        server.answers[f"GET /api/v1/pods?{probes}&limit=500"] = (200, {"items": pods})
        server.answers[f"GET /api/v1/pods?fieldSelector={quote(ON_A_NODE)}&limit=500"] = (200, {"items": []})
        for kind in OF_NAMESPACE:
            server.answers[f"GET /api/v1/namespaces/default/{kind}?limit=500"] = (200, {"items": []})
        for name, text in {"new": printed("newer"), "old": printed("older"), "odd": "Traceback"}.items():
            server.answers[f"GET /api/v1/namespaces/default/pods/{name}/log"] = (200, text)
        seen = probe_cluster(connect(config(tmp_path, {"server": server.url}), None))
    assert {node: found[1][0].name for node, found in seen.probed.items()} == {"bare": "newer"}
    assert [notice.partition(" cannot")[0] for notice in seen.notices] == [
        "what a probe found on node c",
        "what a probe found on node b",
    ]
