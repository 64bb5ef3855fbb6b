"""What makes another Ray cluster, what waits for one, and which one stays."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.core.kuberay.next_cluster import (
    cluster_that_stays,
    makes_new_cluster,
    tolerates_otherwise,
    waits_for_new_cluster,
)
from orchestrator.core.manifests.changes import Action, Change, FieldChange
from tests.manifests.rendered import rendered

IMAGE = "spec.rayClusterConfig.headGroupSpec.template.spec.containers[0].image"
TOLERATIONS = "spec.rayClusterConfig.headGroupSpec.template.spec.tolerations"
COUNT = "spec.rayClusterConfig.workerGroupSpecs[0].replicas"


@pytest.mark.parametrize(
    ("path", "anew"),
    [
        ("spec.rayClusterConfig.workerGroupSpecs[1].maxReplicas", False),
        ("spec.serveConfigV2.applications[0].args.x", False),
        ("spec.rayClusterConfig.workerGroupSpecs[1].template.spec.containers[0].image", True),
        ("spec.rayClusterConfig.workerGroupSpecs", True),
        ("spec.rayClusterConfig.headGroupSpec.template.spec.tolerations", False),
        ("spec.rayClusterConfig.workerGroupSpecs[0].template.spec.tolerations[0].key", False),
    ],
)
def test_kuberay_makes_another_cluster_for_more_than_counts_and_tolerations(path: str, anew: bool) -> None:
    service = rendered().one("RayService")
    assert makes_new_cluster(Change(Action.CHANGE, service, (FieldChange(path, 1, 2),))) is anew


@pytest.mark.parametrize(
    ("seen", "active", "pending", "expected"),
    [
        (2, "old", "", "old"),
        (2, "old", "new", "new"),
        (2, "", "first", "first"),
        (2, "", "", ""),
        (1, "old", "", ""),
    ],
)
def test_no_cluster_stays_before_kuberay_has_seen_the_change(seen: int, active: str, pending: str, expected: str):
    told = {"activeServiceStatus": active, "pendingServiceStatus": pending}
    names = {status: {"rayClusterName": name} for status, name in told.items() if name}
    assert (
        cluster_that_stays({"metadata": {"generation": 2}, "status": {"observedGeneration": seen, **names}}) == expected
    )


@pytest.mark.parametrize(
    ("paths", "waits"),
    [
        ((TOLERATIONS,), True),
        ((TOLERATIONS, COUNT), True),
        ((TOLERATIONS, IMAGE), False),
        ((COUNT,), False),
        ((), False),
    ],
)
def test_tolerations_wait_for_a_cluster_that_nothing_else_makes(paths: tuple[str, ...], waits: bool) -> None:
    fields = tuple(FieldChange(path, 1, 2) for path in paths)
    assert waits_for_new_cluster(Change(Action.CHANGE, {}, fields)) is waits


ONE = {"key": "team", "operator": "Exists"}


def groups(head: list[dict[str, str]], **workers: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "headGroupSpec": {"template": {"spec": {"tolerations": head}}},
        "workerGroupSpecs": [
            {"groupName": name, "template": {"spec": {"tolerations": each} if each else {}}}
            for name, each in workers.items()
        ],
    }


@pytest.mark.parametrize(
    ("running", "otherwise"),
    [
        (groups([ONE], a=[ONE], b=[]), False),
        (groups([], a=[ONE], b=[]), True),
        (groups([ONE], a=[], b=[]), True),
        (groups([ONE], a=[ONE], b=[ONE]), True),
        (groups([ONE], a=[ONE]), False),
    ],
    ids=["alike", "the head's", "one lacks it", "one has it still", "a group that is yet to be made"],
)
def test_tolerations_are_held_against_those_of_the_groups_that_run(running: dict[str, Any], otherwise: bool) -> None:
    service = {"spec": {"rayClusterConfig": groups([ONE], a=[ONE], b=[])}}
    assert tolerates_otherwise(service, {"spec": running}) is otherwise
