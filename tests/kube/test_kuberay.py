"""The stand-in for KubeRay's operator, and what it does to who owns what."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from kubernetes import config

from tests.kube.cluster import Cluster, owners
from tests.kube.go_form import as_go_writes_it, canonical
from tests.kube.kinds import Object
from tests.kube.kuberay import FINALIZER, MANAGER, KubeRay
from tests.kube.kuberay_objects import service_status
from tests.kube.server import ApiServer, Fault


@pytest.fixture
def ray(kubeconfig: Path) -> KubeRay:
    return KubeRay(Cluster(config.new_client_from_config(str(kubeconfig)), "default"))


def _service(**limits: str | int) -> Object:
    container = {"name": "ray", "image": "ray", "resources": {"limits": limits}}
    template = {"spec": {"containers": [container]}}
    group = {"groupName": "gpu", "minReplicas": 1, "maxReplicas": 4, "template": template}
    config = {"headGroupSpec": {"template": copy.deepcopy(template)}, "workerGroupSpecs": [group]}
    spec = {"serveConfigV2": "applications: []\n", "rayClusterConfig": config}
    return {"apiVersion": "ray.io/v1", "kind": "RayService", "metadata": {"name": "q"}, "spec": spec}


def _path(ray: KubeRay) -> str:
    return ray.cluster.path("rayservices", "q", "ray.io/v1")


def _clusters(ray: KubeRay) -> list[Object]:
    return ray.cluster.ok("GET", ray.cluster.path("rayclusters", "", "ray.io/v1"))["items"]


def test_a_service_comes_to_run(ray: KubeRay) -> None:
    ray.cluster.applied(_path(ray), _service(cpu="1"), "qorch")
    ray.reconcile("q")
    service = ray.cluster.ok("GET", _path(ray))
    (made,) = _clusters(ray)
    assert service["metadata"]["finalizers"] == [FINALIZER]
    assert service["status"]["serviceStatus"] == "Running"
    assert service["status"]["observedGeneration"] == service["metadata"]["generation"]
    assert service["status"]["activeServiceStatus"]["rayClusterName"] == made["metadata"]["name"]
    assert {each["type"]: each["status"] for each in service["status"]["conditions"]} == {
        "Ready": "True",
        "UpgradeInProgress": "False",
    }
    ray.cluster.ok("GET", ray.cluster.path("services", "q-serve-svc"))


def test_once_it_runs_nothing_more_is_written(ray: KubeRay) -> None:
    ray.cluster.applied(_path(ray), _service(cpu="1"), "qorch")
    ray.reconcile("q")
    before = ray.cluster.ok("GET", _path(ray))
    ray.reconcile("q")
    assert ray.cluster.ok("GET", _path(ray)) == before


def test_what_go_writes_otherwise_is_taken_over_and_conflicts(ray: KubeRay) -> None:
    """Known from real clusters: a second apply meets kuberay-operator, all worker groups being one field."""
    service = _service(cpu="1000m")
    ray.cluster.applied(_path(ray), service, "qorch")
    ray.reconcile("q")
    live = ray.cluster.ok("GET", _path(ray))
    assert live["spec"]["rayClusterConfig"]["headGroupSpec"]["template"]["spec"]["containers"][0]["resources"] == {
        "limits": {"cpu": "1"}
    }
    taken = owners(live)[MANAGER, "Update"]["f:spec"]["f:rayClusterConfig"]
    assert taken["f:workerGroupSpecs"] == {}
    again = ray.cluster.apply(_path(ray), service, "qorch")
    assert again.code == 409
    assert f'conflicts with "{MANAGER}" using ray.io/v1' in again.message
    assert ".spec.rayClusterConfig.workerGroupSpecs" in again.fields


def test_a_spec_in_gos_own_form_stays_the_appliers_and_need_not_carry_counts(ray: KubeRay) -> None:
    service = _service(cpu="1")
    service["spec"] = as_go_writes_it(service["spec"])
    ray.cluster.applied(_path(ray), service, "qorch")
    ray.reconcile("q")
    assert "f:spec" not in owners(ray.cluster.ok("GET", _path(ray)))[MANAGER, "Update"]
    live = ray.cluster.ok("GET", _path(ray))
    assert ray.cluster.applied(_path(ray), service, "qorch") == live
    service["spec"]["rayClusterConfig"]["workerGroupSpecs"][0]["maxReplicas"] = 8
    generation = ray.cluster.applied(_path(ray), service, "qorch")["metadata"]["generation"]
    assert generation == live["metadata"]["generation"] + 1


def test_one_applier_at_two_versions_is_one(ray: KubeRay) -> None:
    service = _service(cpu="1")
    config = service["spec"]["rayClusterConfig"]
    for group in (config["headGroupSpec"], *config["workerGroupSpecs"]):
        group["rayStartParams"] = {}  # which the older version asks for
    ray.cluster.applied(_path(ray), service, "qorch")
    older = {**service, "apiVersion": "ray.io/v1alpha1", "spec": {**service["spec"], "serveConfigV2": "none"}}
    both = ray.cluster.applied(_path(ray).replace("/v1/", "/v1alpha1/"), older, "qorch")
    assert [each["apiVersion"] for each in both["metadata"]["managedFields"]] == ["ray.io/v1alpha1"]
    assert ray.cluster.ok("GET", _path(ray))["apiVersion"] == "ray.io/v1"


def test_counts_change_without_and_specs_with_a_new_cluster(ray: KubeRay) -> None:
    service = _service(cpu="1")
    ray.cluster.applied(_path(ray), service, "qorch")
    ray.reconcile("q")
    (first,) = _clusters(ray)
    (group,) = service["spec"]["rayClusterConfig"]["workerGroupSpecs"]
    group["maxReplicas"] = 8
    group["template"]["spec"]["tolerations"] = [{"key": "team", "operator": "Exists"}]
    ray.cluster.applied(_path(ray), service, "qorch", force="true")
    ray.reconcile("q")
    assert _clusters(ray) == [first]

    service["spec"]["rayClusterConfig"]["rayVersion"] = "2.60.0"
    ray.cluster.applied(_path(ray), service, "qorch", force="true")
    ray.ready = False
    ray.reconcile("q")
    status = ray.cluster.ok("GET", _path(ray))["status"]
    assert status["activeServiceStatus"]["rayClusterName"] == first["metadata"]["name"]
    assert {each["type"]: each["status"] for each in status["conditions"]}["UpgradeInProgress"] == "True"
    ray.ready = True
    ray.reconcile("q")
    (second,) = _clusters(ray)
    assert second["metadata"]["name"] == status["pendingServiceStatus"]["rayClusterName"]


def test_a_group_that_is_added_at_the_end_comes_in_place_with_all_of_the_spec(ray: KubeRay) -> None:
    service = _service(cpu="1")
    ray.cluster.applied(_path(ray), service, "qorch")
    ray.reconcile("q")
    (first,) = _clusters(ray)
    groups = service["spec"]["rayClusterConfig"]["workerGroupSpecs"]
    groups[0]["maxReplicas"] = 8
    groups.append({**groups[0], "groupName": "more"})
    ray.cluster.applied(_path(ray), service, "qorch", force="true")
    ray.reconcile("q")
    (same,) = _clusters(ray)
    assert same["metadata"]["uid"] == first["metadata"]["uid"]
    found = [(each["groupName"], each["maxReplicas"]) for each in same["spec"]["workerGroupSpecs"]]
    assert found == [("gpu", 8), ("more", 8)]


def test_the_autoscalers_counts_are_on_the_ray_cluster(ray: KubeRay) -> None:
    ray.cluster.applied(_path(ray), _service(cpu="1"), "qorch")
    ray.reconcile("q")
    (made,) = _clusters(ray)
    ray.autoscale(made["metadata"]["name"], 0, 3)
    ray.cluster.applied(_path(ray), _service(cpu="1"), "qorch", force="true")
    ray.reconcile("q")
    (same,) = _clusters(ray)
    assert same["spec"]["workerGroupSpecs"][0]["replicas"] == 3


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"upgradeStrategy": {"type": "Sometimes"}}, "Spec.UpgradeStrategy.Type value Sometimes is invalid"),
        ({"minReplicas": 5}, "worker group gpu has minReplicas 5 greater than maxReplicas 4"),
    ],
)
def test_nonsense_that_the_definition_lets_pass_is_told_in_the_status(ray: KubeRay, wrong: Object, said: str) -> None:
    service = _service(cpu="1")
    if "minReplicas" in wrong:
        service["spec"]["rayClusterConfig"]["workerGroupSpecs"][0] |= wrong
    else:
        service["spec"] |= wrong
    ray.cluster.applied(_path(ray), service, "qorch")
    ray.reconcile("q")
    (condition,) = ray.cluster.ok("GET", _path(ray))["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("Ready", "False", "ValidationFailed")
    assert condition["message"].startswith(f"The RayService spec is invalid: {said}")
    assert _clusters(ray) == []


def test_a_quota_keeps_the_cluster_from_being_made_and_no_loop_runs_hot(api_server: ApiServer, ray: KubeRay) -> None:
    api_server.faults.order(Fault("create", "rayclusters", code=403))
    ray.cluster.applied(_path(ray), _service(cpu="1"), "qorch")
    ray.reconcile("q")
    assert (api_server.counts()["create", "rayclusters"], _clusters(ray)) == (1, [])
    ray.reconcile("q")
    assert len(_clusters(ray)) == 1


def test_running_it_follows_by_itself(ray: KubeRay) -> None:
    def phase() -> str:
        return str(ray.cluster.ok("GET", _path(ray)).get("status", {}).get("serviceStatus"))

    with ray.running():
        ray.cluster.applied(_path(ray), _service(cpu="1"), "qorch")
        ray.cluster.until(lambda: phase() == "Running")
        ray.cluster.ok("DELETE", _path(ray))
        ray.cluster.until(lambda: ray.cluster.is_gone(_path(ray)))


def test_on_deletion_the_clusters_go_first(ray: KubeRay) -> None:
    ray.cluster.applied(_path(ray), _service(cpu="1"), "qorch")
    ray.reconcile("q")
    going = ray.cluster.ok("DELETE", _path(ray))
    assert going["metadata"]["deletionTimestamp"]
    ray.reconcile("q")
    assert ray.cluster.is_gone(_path(ray))
    assert _clusters(ray) == []
    assert ray.cluster.is_gone(ray.cluster.path("services", "q-serve-svc"))


def test_a_condition_keeps_the_time_since_when_it_holds() -> None:
    aged = {"type": "Ready", "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z"}
    service = {"metadata": {"generation": 1}, "status": {"conditions": [aged]}}
    times = {
        active: next(each for each in service_status(service, active, "", {})["conditions"] if each["type"] == "Ready")
        for active in ("q-abcde", "")
    }
    assert times["q-abcde"]["lastTransitionTime"] == "2020-01-01T00:00:00Z"
    assert times[""]["lastTransitionTime"] > "2026"


def test_gos_form_has_empty_parts_and_short_quantities() -> None:
    spec = _service(cpu="1000m", memory="2048Mi")["spec"]
    volume = {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "1024Mi"}}
    pod = spec["rayClusterConfig"]["headGroupSpec"]["template"]["spec"]
    limit = {"name": "CPUS", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}
    spec["serveService"] = {"spec": {"type": "ClusterIP"}}
    spec["rayClusterConfig"]["autoscalerOptions"] = {"resources": {"requests": {"cpu": "0.5"}}}
    pod |= {"initContainers": [{"name": "i", "env": [limit]}], "volumes": [volume, {"name": "e", "emptyDir": {}}]}
    whole = as_go_writes_it(spec)
    gone_over = whole["rayClusterConfig"]
    assert whole["serveService"] == {"metadata": {}, "spec": {"type": "ClusterIP"}, "status": {"loadBalancer": {}}}
    assert gone_over["autoscalerOptions"] == {"resources": {"requests": {"cpu": "500m"}}}
    limit["valueFrom"] = {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}}
    container = {"name": "ray", "image": "ray", "resources": {"limits": {"cpu": "1", "memory": "2Gi"}}}
    assert gone_over["headGroupSpec"]["template"] == {
        "metadata": {},
        "spec": {
            "containers": [container],
            "initContainers": [{"name": "i", "env": [limit], "resources": {}}],
            "volumes": [
                {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
                {"name": "e", "emptyDir": {}},
            ],
        },
    }
    (group,) = gone_over["workerGroupSpecs"]
    assert (group["scaleStrategy"], group["template"]["metadata"]) == ({}, {})
    assert as_go_writes_it(whole) == whole


@pytest.mark.parametrize(
    ("written", "kept"),
    [("1000m", "1"), ("0.5", "500m"), ("1024Mi", "1Gi"), ("1.5Gi", "1536Mi"), (4, "4"), ("2000", "2k"), ("512", "512"),
     ("512Ki", "512Ki"), ("0", "0"), ("1e3", "1e3")],
)  # fmt: skip
def test_quantities_are_written_in_their_shortest_form(written: str | int, kept: str) -> None:
    assert canonical(written) == kept
