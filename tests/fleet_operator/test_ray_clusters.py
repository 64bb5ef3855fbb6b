"""Counts that change reach the Ray cluster that runs, which KubeRay leaves as it was."""

from __future__ import annotations

import pytest

from tests.fleet_operator.conftest import Lab

ENGINE = {"model": "qwen3.5-9b", "profile": "bf16", "tensorParallelSize": 1}
REPLICAS = "/spec/workerGroupSpecs/1/replicas"


def set_by_hand(lab: Lab, replicas: int) -> None:
    (found,) = lab.ray_clusters()
    path = lab.cluster.path("rayclusters", found["metadata"]["name"], "ray.io/v1")
    steps = [{"op": "replace", "path": REPLICAS, "value": replicas}]
    lab.cluster.ok("PATCH", path, steps, "application/json-patch+json", fieldManager="kubectl-edit")


def test_other_bounds_reach_the_ray_cluster_that_runs_and_its_autoscalers_count_is_kept(lab: Lab):
    lab.nodes("a")
    lab.secret()
    lab.ask(**ENGINE, maxReplicas=2)
    with lab.operator(), lab.kuberay.running():
        lab.until_holds("Ready")
        (before,) = lab.ray_clusters()
        lab.kuberay.autoscale(before["metadata"]["name"], 1, 2)
        lab.ask(**ENGINE, minReplicas=2, maxReplicas=4)
        lab.cluster.until(lambda: lab.ray_counts()[1:] == (2, 4))
        lab.until_quiet()
        start = lab.writes()
        lab.until_quiet()
    (after,) = lab.ray_clusters()
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert lab.ray_counts() == (2, 2, 4)
    assert lab.writes() == start


def test_a_fixed_number_that_changes_starts_pods_in_the_ray_cluster_that_runs(lab: Lab):
    lab.nodes("a")
    lab.secret()
    lab.ask(**ENGINE, replicas=1)
    with lab.operator(), lab.kuberay.running():
        lab.until_holds("Ready")
        lab.ask(**ENGINE, replicas=3, gateway={"replicas": 3})
        lab.cluster.until(lambda: lab.ray_counts() == (3, 3, 3))
        lab.cluster.until(lambda: lab.ray_counts(0) == (3, 3, 3))
        lab.until_holds("Applied")


def test_a_ray_cluster_that_is_being_replaced_keeps_its_counts(lab: Lab):
    lab.nodes("a")
    lab.secret()
    lab.ask(**ENGINE, replicas=1)
    with lab.operator(), lab.kuberay.running():
        lab.until_holds("Ready")
        (old,) = lab.ray_clusters()
        lab.kuberay.ready = False
        lab.ask(**ENGINE, replicas=1, gateway={"replicas": 3}, image="registry.example/qorch:other")
        lab.cluster.until(lambda: len(lab.ray_clusters()) == 2)
        lab.until_quiet()
    kept = {each["metadata"]["name"]: each["spec"]["workerGroupSpecs"][0]["replicas"] for each in lab.ray_clusters()}
    assert kept.pop(old["metadata"]["name"]) == 2
    assert list(kept.values()) == [3]


def test_counts_set_by_hand_come_back_and_whoever_sets_them_on_is_told_of(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("orchestrator.app.fleet_counts.AGAIN_S", 3600.0)
    lab.nodes("a")
    lab.secret()
    lab.ask(**ENGINE, replicas=2)
    with lab.operator(), lab.kuberay.running():
        lab.until_holds("Ready")
        set_by_hand(lab, 1)
        lab.cluster.until(lambda: lab.ray_counts() == (2, 2, 2))
        set_by_hand(lab, 1)
        told = lab.until_holds("Applied", "False", "FieldConflict")
        assert told["message"].startswith("somebody else sets the counts of RayCluster/qorch-chat-")
        assert lab.ray_counts() == (1, 2, 2)
        set_by_hand(lab, 2)
        lab.until_holds("Applied")
