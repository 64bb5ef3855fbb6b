"""Applying, replacing, deleting and watching through an API server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.adapters.kubernetes_api import (
    Conflict,
    Forbidden,
    Gone,
    KubernetesApi,
    NotServed,
    Refused,
    Resource,
    connect,
    resource_of,
)
from orchestrator.adapters.kubernetes_api import api as api_module
from tests.kube.faults import Fault
from tests.kube.fixtures import api_server, kubeconfig
from tests.kube.server import ApiServer

__all__ = ["api_server", "kubeconfig"]
MAPS = Resource("configmaps")


@pytest.fixture
def api(kubeconfig: Path) -> KubernetesApi:
    return connect(kubeconfig, None)


def config_map(name: str = "a", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


@pytest.mark.parametrize(
    ("api_version", "kind", "expected"),
    [
        ("v1", "ConfigMap", "configmaps"),
        ("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies.networking.k8s.io"),
        ("ray.io/v1", "RayService", "rayservices.ray.io"),
    ],
)
def test_the_kind_of_an_object_is_that_of_its_path(api_version: str, kind: str, expected: str):
    assert str(resource_of({"apiVersion": api_version, "kind": kind})) == expected


def test_what_is_applied_is_there_and_what_is_left_out_later_goes(api: KubernetesApi):
    api.apply(config_map(x="1", y="2"))
    api.apply(config_map(x="3"))
    found = api.get(MAPS, "default", "a")
    assert found is not None
    assert found["data"] == {"x": "3"}


def test_a_dry_run_answers_with_what_would_be_and_changes_nothing(api: KubernetesApi):
    assert api.apply(config_map(x="1"), dry_run=True)["data"] == {"x": "1"}
    assert api.get(MAPS, "default", "a") is None


def test_a_field_of_somebody_else_is_named_and_taken_only_by_force(kubeconfig: Path, api: KubernetesApi):
    api.apply(config_map(x="1"))
    connect(kubeconfig, None, manager="kubectl").apply(config_map(x="2"), force=True)
    with pytest.raises(Conflict, match=r'others own fields of it: \.data\.x \(conflict with "kubectl"\)'):
        api.apply(config_map(x="1"))
    assert api.apply(config_map(x="1"), force=True)["data"] == {"x": "1"}


def test_an_object_goes_into_its_own_namespace_or_that_of_the_context(api_server: ApiServer, tmp_path: Path):
    api_server.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "llm"}})
    api = connect(api_server.kubeconfig(tmp_path / "config", namespace="llm"), None)
    api.apply(config_map("a"))
    api.apply({**config_map("b"), "metadata": {"name": "b", "namespace": "default"}})
    assert [api.get(MAPS, "llm", "a") is None, api.get(MAPS, "default", "b") is None] == [False, False]


def test_a_replacement_of_what_has_changed_since_is_a_conflict(api: KubernetesApi):
    read = api.create(config_map(x="1"))
    api.apply(config_map("a", y="2"))
    with pytest.raises(Conflict, match="the object has been modified"):
        api.replace({**read, "data": {"x": "3"}})
    with pytest.raises(Conflict, match="already exists"):
        api.create(config_map())


def test_what_is_deleted_was_there_once(api: KubernetesApi):
    api.apply(config_map())
    assert [api.delete(MAPS, "default", "a") for _ in range(2)] == [True, False]


def test_a_status_is_applied_apart(api_server: ApiServer, api: KubernetesApi):
    node = {"apiVersion": "ray.io/v1", "kind": "RayService", "metadata": {"name": "a"}}
    api.apply({**node, "spec": {"rayClusterConfig": {"headGroupSpec": {"template": {"spec": {"containers": []}}}}}})
    assert api.apply_status({**node, "status": {"numServeEndpoints": 2}})["status"]["numServeEndpoints"] == 2


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (403, "pods is forbidden: exceeded quota: gpus, requested: requests.nvidia.com/gpu=2"),
        (400, 'admission webhook "policy.example" denied the request: no'),
    ],
)
def test_a_quota_and_a_webhook_are_no_lack_of_permission(
    api_server: ApiServer, api: KubernetesApi, code: int, said: str
):
    api_server.faults.order(Fault("patch", "configmaps", code, said))
    with pytest.raises(Refused, match="does not take configmaps: .*" + said[-5:]):
        api.apply(config_map())


def test_an_object_of_the_wrong_form_is_refused_with_the_field(api: KubernetesApi):
    with pytest.raises(Refused, match=r"RayService.*spec"):
        api.create({"apiVersion": "ray.io/v1", "kind": "RayService", "metadata": {"name": "a"}, "spec": {"x": []}})


def test_a_write_that_is_not_allowed_is_named_by_verb(api_server: ApiServer, tmp_path: Path):
    api = connect(api_server.kubeconfig(tmp_path / "config", user="eve"), None)
    with pytest.raises(Forbidden, match="permission to patch configmaps is needed"):
        api.apply(config_map())


def test_a_server_that_is_busy_gets_what_is_applied_again(api_server: ApiServer, api: KubernetesApi):
    api_server.faults.order(Fault("patch", "configmaps", 503, times=2))
    assert api.apply(config_map(x="1"))["data"] == {"x": "1"}


def test_a_watch_tells_what_happens_from_a_list_on(api: KubernetesApi):
    api.apply(config_map("a"))
    listed = api.listed(MAPS, "default")
    api.apply(config_map("a", x="1"))
    api.delete(MAPS, "default", "a")
    events = told(api.watch(MAPS, listed.version, "default"))
    assert [item["metadata"]["name"] for item in listed.items] == ["a"]
    assert [(next(events), next(events))] == [("MODIFIED", "DELETED")]


def told(watch: Iterator[tuple[str, Any]]) -> Iterator[str]:
    return (kind for kind, _ in watch if kind != "BOOKMARK")


def test_a_watch_that_the_server_ends_ends(api: KubernetesApi, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(api_module, "WATCH_S", 1)
    assert list(told(api.watch(MAPS, api.listed(MAPS).version))) == []


def test_a_watch_whose_connection_breaks_ends(api_server: ApiServer, api: KubernetesApi):
    version = api.listed(MAPS, "default").version
    for name in ("a", "b", "c"):
        api.apply(config_map(name))
    api_server.faults.order(Fault("watch", "configmaps", drop_after_events=2))
    assert list(told(api.watch(MAPS, version, "default"))) == ["ADDED", "ADDED"]


def test_a_version_that_the_server_forgot_is_gone(api_server: ApiServer, api: KubernetesApi):
    version = api.listed(MAPS).version
    api.apply(config_map())
    api_server.store.compact()
    with pytest.raises(Gone, match="410: too old resource version"):
        list(api.watch(MAPS, version))


def test_a_kind_that_is_not_served_cannot_be_watched(api: KubernetesApi):
    with pytest.raises(NotServed, match=r"no fleets\.qorch\.dev"):
        list(api.watch(Resource("fleets", "qorch.dev", "v1"), "1"))
