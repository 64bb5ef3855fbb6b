"""Counts that a Ray cluster lacks, and what makes another one."""

from __future__ import annotations

import copy
from typing import Any

from orchestrator.core.kuberay.counts import counts_change, patch_steps
from orchestrator.core.manifests.changes import FieldChange
from tests.manifests.rendered import SCALED, rendered


def cluster(service: dict[str, Any]) -> dict[str, Any]:
    """As KubeRay makes it of a service."""
    spec = copy.deepcopy(service["spec"]["rayClusterConfig"])
    return {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "c"}, "spec": spec}


def test_a_cluster_that_has_its_counts_is_left_alone() -> None:
    service = rendered().one("RayService")
    assert counts_change(service, cluster(service)) is None


def test_what_differs_is_patched_where_its_group_still_is() -> None:
    service = rendered().one("RayService")
    running = cluster(service)
    running["spec"]["workerGroupSpecs"][1]["maxReplicas"] = 7
    found = counts_change(service, running)
    assert found is not None
    assert found.fields == (FieldChange("spec.workerGroupSpecs[1].maxReplicas", 7, 1),)
    names = [each["groupName"] for each in running["spec"]["workerGroupSpecs"]]
    assert patch_steps(found) == [
        *(
            {"op": "test", "path": f"/spec/workerGroupSpecs/{n}/groupName", "value": name}
            for n, name in enumerate(names)
        ),
        {"op": "add", "path": "/spec/workerGroupSpecs/1/maxReplicas", "value": 1},
    ]


def test_a_count_that_an_autoscaler_owns_is_never_set() -> None:
    service = rendered("a100-80gb:4", SCALED).one("RayService")
    running = cluster(service)
    running["spec"]["workerGroupSpecs"][1]["replicas"] = 2
    assert counts_change(service, running) is None


def test_a_group_that_is_not_rendered_is_somebody_elses() -> None:
    service = rendered().one("RayService")
    running = cluster(service)
    running["spec"]["workerGroupSpecs"].append({"groupName": "other", "maxReplicas": 9})
    assert counts_change(service, running) is None
