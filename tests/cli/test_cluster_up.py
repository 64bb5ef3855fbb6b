"""`up`, `status` and `down` over a cluster, as a person meets them."""

from __future__ import annotations

import json

from tests.cli.cluster_lab import ENDPOINT, UP, Lab
from tests.cli.conftest import Qorch


def test_a_fleet_comes_up_is_seen_and_goes_without_a_trace(there: Qorch, cluster: Lab) -> None:
    before = cluster.rendered()
    done = there("up", *UP, "--timeout", "20")
    assert (done.code, done.out) == (0, f"{ENDPOINT}\n"), done.err
    marks = ["  ok apply", "  ok head", "  ok weights", "  ok engines", "  ok ready", "here:  kubectl", "next:  qorch"]
    places = [done.err.index(each) for each in marks]
    assert places == sorted(places)
    assert ("rayservices", "qorch-default") in cluster.rendered()

    fleet = json.loads(there("status", "-o", "json").out)
    assert (fleet["phase"], fleet["ready_replicas"], fleet["endpoint"]) == ("Ready", 2, ENDPOINT)
    assert {each["deployment"] for each in fleet["replicas"]} == {"qwen3.5-9b-bf16", "gateway"}

    done = there("down")
    assert done.code == 0
    assert "rayservice.ray.io/qorch-default" in done.err
    assert cluster.rendered() == before
    assert ("secrets", "qorch-default") in cluster.objects()
    assert "there is no fleet 'default' in llm of lab: nothing to do" in there("down").err


def bounds_there(cluster: Lab) -> list[tuple[int, int]]:
    spec = cluster.objects()["rayservices", "qorch-default"]["spec"]
    return [(each["minReplicas"], each["maxReplicas"]) for each in spec["rayClusterConfig"]["workerGroupSpecs"][1:]]


def counts_that_run(cluster: Lab) -> list[tuple[int, int, int]]:
    """Of the Ray cluster, to which KubeRay passes on no counts."""
    (made,) = (item for (plural, _), item in cluster.objects().items() if plural == "rayclusters")
    names = ("replicas", "minReplicas", "maxReplicas")
    return [tuple(each[name] for name in names) for each in made["spec"]["workerGroupSpecs"][1:]]


def test_another_count_is_applied_without_a_new_ray_cluster(there: Qorch, cluster: Lab) -> None:
    there("up", *UP, "--timeout", "20")
    clusters = {key for key in cluster.objects() if key[0] == "rayclusters"}
    done = there("scale", "1", "--timeout", "20")
    assert (done.code, bounds_there(cluster)) == (0, [(1, 1)]), done.err
    assert counts_that_run(cluster) == [(1, 1, 1)]
    assert json.loads(there("status", "-o", "json").out)["target_num_replicas"] == 1
    assert {key for key in cluster.objects() if key[0] == "rayclusters"} == clusters
    assert "1 replica asked for already: nothing to change" in there("scale", "1", "--no-wait").err


def test_bounds_and_goals_follow_where_the_number_follows_the_load(there: Qorch, cluster: Lab) -> None:
    few = ("--model", "qwen3.5-9b", "--max-replicas", "2", "--image", "qorch:1")
    done = there("up", *few, "--timeout", "5")
    assert done.code == 0, done.err
    assert there("scale", "--min", "2", "--target-ttft", "30s", "--no-wait").code == 0
    assert bounds_there(cluster) == [(2, 2)]
    assert counts_that_run(cluster) == [(0, 2, 2)]
    goal = json.loads(cluster.objects()["configmaps", "qorch-default-goal"]["data"]["goal.json"])
    assert goal["ttft_s"] == 30
    fleet = json.loads(there("status", "-o", "json").out)
    assert (fleet["scaling"]["bounds"], fleet["scaling"]["goal"]["ttft_s"]) == (
        {"min_replicas": 2, "max_replicas": 2},
        30,
    )


def test_more_than_the_plan_found_nodes_for_is_refused_with_how_to_plan_anew(there: Qorch, cluster: Lab) -> None:
    there("up", *UP, "--timeout", "20")
    version = cluster.server.store.version
    done = there("scale", "3", "--no-wait")
    assert (done.code, done.error) == (
        3,
        "1 more replica are asked for, and the nodes that the plan found are enough for 2 replicas in all",
    )
    assert done.hint.startswith("qorch up --replicas 3 --kubeconfig ")
    assert cluster.server.store.version == version


def test_a_fleet_that_was_changed_by_hand_is_not_scaled_over(there: Qorch, cluster: Lab) -> None:
    there("up", *UP, "--timeout", "20")
    of_fleet = cluster.objects()["networkpolicies", "qorch-default-clients"]
    cluster.server.put({**of_fleet, "spec": {**of_fleet["spec"], "ingress": []}})
    done = there("scale", "1", "--no-wait")
    assert done.code == 4
    assert "networkpolicy.networking.k8s.io/qorch-default-clients is not as it was deployed" in done.error
    assert done.hint.startswith("qorch up --diff ")
    assert bounds_there(cluster) == [(2, 2)]
