"""What is rendered is applied, and applied again after KubeRay has written it back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from kubernetes import config

from orchestrator.core.manifests.manifest import Manifest
from orchestrator.core.replica_bounds import ReplicaBounds
from tests.kube.cluster import Cluster, owners
from tests.kube.fixtures import api_server, kubeconfig  # noqa: F401
from tests.kube.kuberay import MANAGER, KubeRay
from tests.manifests.rendered import SCALED, Fleet, every_kind, rendered

RESOURCES = {"NetworkPolicy": "networkpolicies"}
OF_OTHERS = ("PodMonitor", "PrometheusRule")  # kinds of the Prometheus operator


@pytest.fixture
def cluster(kubeconfig: Path) -> Cluster:  # noqa: F811
    return Cluster(config.new_client_from_config(str(kubeconfig)), "default")


def path(cluster: Cluster, each: Manifest) -> str:
    kind = each["kind"]
    return cluster.path(RESOURCES.get(kind, f"{kind.lower()}s"), each["metadata"]["name"], each["apiVersion"])


def apply(cluster: Cluster, fleet: Fleet, **options: str) -> None:
    for each in fleet.objects:
        if each["kind"] not in OF_OTHERS:
            cluster.applied(path(cluster, each), each, "qorch", **options)


@pytest.mark.parametrize("fleet", [each for each in every_kind() if "namespace" not in each.objects[0]["metadata"]])
def test_the_server_takes_every_object(cluster: Cluster, fleet: Fleet) -> None:
    apply(cluster, fleet, dryRun="All")
    apply(cluster, fleet)


def test_other_bounds_are_applied_without_force_after_kuberay_has_written_it_back(cluster: Cluster) -> None:
    fleet, grown = (
        rendered("a100-80gb:4", replace(SCALED, num_replicas=most, bounds=ReplicaBounds(1, most))) for most in (3, 4)
    )
    apply(cluster, fleet)
    ray = KubeRay(cluster)
    ray.reconcile(fleet.one("RayService")["metadata"]["name"])
    live = cluster.ok("GET", path(cluster, fleet.one("RayService")))
    assert "f:spec" not in owners(live)[MANAGER, "Update"]
    apply(cluster, grown)
    groups = cluster.ok("GET", path(cluster, fleet.one("RayService")))["spec"]["rayClusterConfig"]["workerGroupSpecs"]
    assert [each["maxReplicas"] for each in groups] == [2, 4]
