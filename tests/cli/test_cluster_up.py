"""`up`, `status` and `down` over a cluster, as a person meets them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from tests.cli.cluster_lab import ENDPOINT, UP, Lab, secret
from tests.cli.conftest import Qorch
from tests.core.cluster.objects import A100_LABELS, node_object
from tests.core.scaling.seen_pools import PoolRun, told_of


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
    assert "scaling 2..2: nothing was decided yet" in there("status").out
    fleet = json.loads(there("status", "-o", "json").out)
    assert (fleet["scaling"]["bounds"], fleet["scaling"]["goal"]["ttft_s"]) == (
        {"min_replicas": 2, "max_replicas": 2},
        30,
    )


def test_what_was_decided_is_told_by_the_gateway(there: Qorch, cluster: Lab) -> None:
    there("up", "--model", "qwen3.5-9b", "--max-replicas", "2", "--image", "qorch:1", "--timeout", "5")
    assert cluster.gateway is not None
    run = PoolRun()
    run.run(60, 9.0)
    told = told_of(run)
    cluster.gateway.scaling = replace(told, decisions=(replace(told.last, at_s=1.0), *told.decisions))
    assert "replicas 3: that do the work of 3: enough" in there("status").out
    status = json.loads(there("status", "-o", "json").out)
    assert status["scaling"]["last"]["at_s"] == told.last.at_s
    done = there("status", "--decisions")
    assert done.code == 0, done.err
    assert "demo 1 to 3" in done.out
    assert len(json.loads(there("status", "--decisions", "-o", "json").out)) == 2
    (only,) = json.loads(there("status", "--decisions", "--tail", "1", "-o", "json").out)
    assert only["before"] == {"demo": 1}
    assert json.loads(there("status", "--decisions", "--since", "1h", "-o", "json").out) == []


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


def test_down_leaves_what_is_not_the_fleets(there: Qorch, cluster: Lab) -> None:
    there("up", *UP, "--timeout", "20")
    cluster.server.put({**secret(), "metadata": {"name": "qorch-other", "namespace": "llm"}})
    cluster.server.put(node_object("b", A100_LABELS, gpus=8))
    done = there("up", *UP, "--fleet", "other", "--no-wait")
    assert done.code == 0, done.err
    mine = {"name": "mine", "namespace": "llm", "labels": {"qorch.dev/fleet": "default"}}
    cluster.server.put({"apiVersion": "v1", "kind": "ConfigMap", "metadata": mine})
    others = {key for key in cluster.rendered() if "other" in key[1] or key[1] == "mine"}
    assert len(others) > 5
    assert there("down").code == 0
    assert cluster.rendered() == others


def test_a_written_plan_is_what_comes_up(qorch: Qorch, there: Qorch, cluster: Lab, tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(there("plan", "--model", "qwen3.5-9b", "--replicas", "2", "-o", "yaml").out)
    done = there("up", "--plan", str(path), "--image", "qorch:1", "--timeout", "20")
    assert (done.code, done.out) == (0, f"{ENDPOINT}\n"), done.err
    assert "nothing to change" in there("up", "--plan", str(path), "--image", "qorch:1").err
    assert "cannot be combined with --plan" in there("up", "--plan", str(path), "--model", "qwen3.5-9b").error


def test_another_image_comes_with_the_plan_that_there_is(there: Qorch, cluster: Lab) -> None:
    there("up", *UP, "--timeout", "20")
    (before,) = (key for key in cluster.objects() if key[0] == "rayclusters")
    done = there("up", *UP, "--image", "qorch:2", "--timeout", "20")
    assert done.code == 0, done.err
    assert "Hardware" not in done.err
    (after,) = (key for key in cluster.objects() if key[0] == "rayclusters")
    assert after != before
