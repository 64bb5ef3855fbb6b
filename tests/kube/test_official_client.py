"""The official client and `kubectl` find in the server what they look for in a cluster."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from kubernetes import client, config, dynamic, watch

from tests.kube.cluster import config_map
from tests.kube.server import ApiServer
from tests.kube.test_api_contract import container

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [container("a")]}}
needs_kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")


@pytest.fixture
def official(kubeconfig: Path) -> client.ApiClient:
    return config.new_client_from_config(str(kubeconfig))


def test_typed_clients_read_every_answer(official: client.ApiClient) -> None:
    core = client.CoreV1Api(official)
    assert client.VersionApi(official).get_code().major == "1"
    assert "ray.io" in {group.name for group in client.ApisApi(official).get_api_versions().groups}
    assert {each.name for each in core.get_api_resources().resources} >= {"pods", "nodes", "pods/status"}
    assert core.create_namespaced_pod("default", POD).spec.containers[0].image == "image-a"
    assert [pod.metadata.name for pod in core.list_pod_for_all_namespaces().items] == ["p"]
    assert core.delete_namespaced_pod("p", "default").metadata.name == "p"
    core.create_namespaced_config_map("default", config_map("a"))
    assert core.delete_namespaced_config_map("a", "default")["status"] == "Success"
    review = {"spec": {"resourceAttributes": {"verb": "list", "resource": "nodes"}}}
    assert client.AuthorizationV1Api(official).create_self_subject_access_review(review).status.allowed


def test_refusals_are_the_clients_exceptions(official: client.ApiClient) -> None:
    with pytest.raises(client.ApiException) as refused:
        client.CoreV1Api(official).read_namespaced_config_map("a", "default")
    assert (refused.value.status, refused.value.reason) == (404, "Not Found")


def test_a_lease_is_taken_once(official: client.ApiClient) -> None:
    leases = client.CoordinationV1Api(official)
    lease = leases.create_namespaced_lease("default", {"metadata": {"name": "l"}, "spec": {"holderIdentity": "a"}})
    lease.spec.holder_identity = "b"
    leases.replace_namespaced_lease("l", "default", lease)
    lease.spec.holder_identity = "c"
    with pytest.raises(client.ApiException) as late:
        leases.replace_namespaced_lease("l", "default", lease)
    assert late.value.status == 409


def test_the_clients_watch_follows_custom_objects(api_server: ApiServer, official: client.ApiClient) -> None:
    custom = client.CustomObjectsApi(official)
    head = {"template": {"spec": {"containers": [container("a")]}}}
    body = {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "r"}, "spec": {"headGroupSpec": head}}
    custom.create_namespaced_custom_object("ray.io", "v1", "default", "rayclusters", body)
    stream = watch.Watch()
    for event in stream.stream(custom.list_cluster_custom_object, "ray.io", "v1", "rayclusters", timeout_seconds=5):
        assert (event["type"], event["object"]["metadata"]["name"]) == ("ADDED", "r")
        stream.stop()


def test_the_dynamic_client_applies(official: client.ApiClient) -> None:
    clients = dynamic.DynamicClient(official)
    maps = clients.resources.get(api_version="v1", kind="ConfigMap")
    body = {"apiVersion": "v1", "kind": "ConfigMap", **config_map("a", {"x": "1"})}
    made = clients.server_side_apply(maps, body=body, name="a", namespace="default", field_manager="qorch")
    assert made.metadata.managedFields[0].manager == "qorch"


@needs_kubectl
def test_kubectl_applies_diffs_and_deletes(kubeconfig: Path, tmp_path: Path) -> None:
    manifest = tmp_path / "a.yaml"
    manifest.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1'}\n")

    def kubectl(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "HOME": str(tmp_path)}
        return subprocess.run(["kubectl", *words], env=environment, capture_output=True, text=True, timeout=60)

    file = ["--server-side", "-f", str(manifest)]
    assert kubectl("apply", "--dry-run=server", *file).stdout == "configmap/a serverside-applied (server dry run)\n"
    assert kubectl("diff", *file).returncode == 1
    assert kubectl("apply", *file).stdout == "configmap/a serverside-applied\n"
    assert kubectl("diff", *file).returncode == 0
    assert "configmap/a" in kubectl("get", "configmaps,rayservices", "-o", "name").stdout
    manifest.write_text(manifest.read_text() + "colour: red\n")
    assert "colour" in kubectl("apply", *file).stderr
    assert kubectl("delete", "configmap", "a", "--wait").stdout == 'configmap "a" deleted\n'
