"""Nodes, specs and objects change under a fleet."""

from __future__ import annotations

from typing import Any

from orchestrator.core.qwen_fleet.kind import MANAGER
from tests.core.cluster.objects import pod_object
from tests.fleet_operator.conftest import L4_LABELS, Lab
from tests.kube.cluster import owners

SHORT_GRACE = {"grace": "0.5s"}


def engines(lab: Lab, name: str = "chat") -> list[dict[str, Any]]:
    groups = lab.service(name)["spec"]["rayClusterConfig"]["workerGroupSpecs"]
    return [group for group in groups if group["groupName"] != "gateway"]


def products(lab: Lab, name: str = "chat") -> set[str]:
    found = set()
    for group in engines(lab, name):
        affinity = group["template"]["spec"]["affinity"]["nodeAffinity"]
        (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
        found |= set(term["matchExpressions"][0]["values"])
    return found


def test_a_node_that_comes_back_within_the_grace_moves_nothing(lab: Lab):
    lab.nodes("a", gpus=1)
    lab.nodes("l", labels=L4_LABELS, gpus=4)
    lab.ask(model="qwen3.5-9b", replicas=1, replan={"grace": "1h"})
    with lab.operator():
        lab.until_holds("Applied")
        before = lab.service()
        lab.remove_node("a")
        gone = lab.until_holds("PlanCurrent", "False", "NodesGone")
        lab.nodes("a", gpus=1)
        lab.until_holds("PlanCurrent", "True")
        lab.until_quiet()
    assert gone["message"] == "no node for 1 of 1 pods of qwen3-5-9b-bf16"
    assert lab.service() == before


def test_a_pool_that_stays_away_longer_is_planned_around(lab: Lab):
    lab.nodes("a", gpus=1)
    lab.nodes("l", labels=L4_LABELS, gpus=4)
    lab.ask(model="qwen3.5-9b", replicas=1, replan=SHORT_GRACE)
    with lab.operator():
        lab.until_holds("Applied")
        assert any("A100" in each for each in products(lab))
        lab.remove_node("a")
        lab.cluster.until(lambda: products(lab) == {"NVIDIA-L4"})
        lab.until_holds("PlanCurrent", "True")
    assert "NVIDIA L4" in lab.status()["plan"]["devices"]
    assert any("no node for 1 of 1 pods" in line for line in lab.said)


def test_a_fleet_is_not_lost_where_there_is_nothing_else(lab: Lab):
    lab.nodes("a", gpus=2)
    lab.nodes("cpu", labels={}, gpus=0)
    lab.ask(model="qwen3.5-122b-a10b", profile="gptq", replicas=1, replan=SHORT_GRACE)
    with lab.operator(), lab.kuberay.running():
        lab.until_holds("Applied")
        before = lab.service()["spec"]
        lab.remove_node("a")
        lab.cluster.until(lambda: "there is no other plan" in lab.condition("PlanCurrent").get("message", ""))
        lab.until_quiet()
        assert lab.service()["spec"] == before
        lab.nodes("a", gpus=2)
        lab.until_holds("PlanCurrent", "True")
        lab.until_quiet()
    assert lab.service()["spec"] == before
    assert lab.status()["phase"] in ("Ready", "Degraded")


def test_nodes_that_others_took_are_gone_too_and_never_means_never(lab: Lab):
    lab.nodes("a", gpus=1)
    lab.nodes("l", labels=L4_LABELS, gpus=4)
    lab.ask(model="qwen3.5-9b", replicas=1, replan={"policy": "Never", **SHORT_GRACE})
    with lab.operator():
        lab.until_holds("Applied")
        lab.server.put(pod_object("greedy", "a", gpu=1))
        lab.until_holds("PlanCurrent", "False", "NodesGone")
        lab.until_quiet()
    assert any("A100" in each for each in products(lab))


def test_its_own_pods_take_nothing_from_a_fleet(lab: Lab):
    lab.nodes("a", gpus=1)
    lab.ask(model="qwen3.5-9b", replicas=1, replan=SHORT_GRACE)
    with lab.operator():
        lab.until_holds("Applied")
        before, template = lab.service(), engines(lab)[0]["template"]
        pod = pod_object("own", "a", gpu=1)
        labels = {"metadata": {**pod["metadata"], "labels": template["metadata"]["labels"]}}
        lab.server.put({**pod, **labels})
        lab.until_quiet(1.5)
        assert lab.holds("PlanCurrent", "True")
    assert lab.service() == before


def test_something_better_is_taken_only_where_that_is_the_policy(lab: Lab):
    lab.nodes("l", labels=L4_LABELS, gpus=1)
    fast = {"model": "qwen3.5-0.8b", "for": "latency", "replicas": 1, "tensorParallelSize": 1}
    lab.ask("calm", **fast)
    lab.ask("eager", **fast, replan={"policy": "IfBetter", "minInterval": "0.5s"})
    lab.ask("lazy", **fast, replan={"policy": "IfBetter", "minInterval": "6h"})
    lab.ask("content", **{**fast, "for": "balanced"}, replan={"policy": "IfBetter", "minInterval": "0.5s"})
    lab.nodes("l2", labels=L4_LABELS, gpus=3)
    with lab.operator():
        for name in ("calm", "eager", "lazy", "content"):
            lab.until_holds("Applied", name=name)
        lab.nodes("a", "b", gpus=8)
        lab.cluster.until(lambda: any("A100" in each for each in products(lab, "eager")))
        lab.until_quiet()
    assert products(lab, "calm") == products(lab, "lazy") == products(lab, "content") == {"NVIDIA-L4"}


def test_other_goals_and_gateways_are_applied_without_another_plan(lab: Lab):
    lab.nodes("a")
    lab.ask(model="qwen3.5-9b", maxReplicas=2, targets={"ttft": "5s"})
    with lab.operator():
        lab.until_holds("Applied")
        planned_at = lab.status()["plan"]["plannedAt"]
        lab.ask(model="qwen3.5-9b", maxReplicas=2, targets={"ttft": "2s"}, gateway={"replicas": 3})
        goal = lab.cluster.config_maps("qorch-chat-goal")
        lab.cluster.until(lambda: '"ttft_s": 2.0' in lab.cluster.ok("GET", goal)["data"]["goal.json"])
        lab.cluster.until(lambda: lab.status()["observedGeneration"] == 2)
    assert lab.service()["spec"]["rayClusterConfig"]["workerGroupSpecs"][0]["maxReplicas"] == 3
    assert lab.status()["plan"]["plannedAt"] == planned_at


def test_a_goal_that_the_plan_cannot_reach_is_told_and_what_ran_goes_on(lab: Lab):
    lab.nodes("a")
    lab.ask(model="qwen3.5-9b", maxReplicas=2, targets={"ttft": "5s"})
    with lab.operator():
        lab.until_holds("Applied")
        planned_at = lab.status()["plan"]["plannedAt"]
        lab.ask(model="qwen3.5-9b", maxReplicas=2, targets={"tpot": "0.01ms"})
        told = lab.until_holds("Planned", "False")
    assert "1e-05 s a token is asked for" in told["message"]
    assert lab.status()["plan"]["plannedAt"] == planned_at


def test_a_spec_that_does_not_fit_is_told_and_what_ran_goes_on(lab: Lab):
    lab.nodes("a", gpus=2)
    lab.ask(model="qwen3.5-9b", replicas=1)
    with lab.operator():
        lab.until_holds("Applied")
        before = lab.service()["spec"]
        lab.ask(model="qwen3.5-397b-a17b", profile="bf16", replicas=1)
        told = lab.until_holds("Planned", "False")
        lab.until_quiet()
        assert told["message"].startswith("what ran before goes on: ")
        assert lab.service()["spec"] == before
        lab.ask(model="qwen3.5-4b", replicas=1)
        lab.until_holds("Planned", "True")
        lab.cluster.until(lambda: "qwen3-5-4b" in engines(lab)[0]["groupName"])


def test_objects_that_are_no_longer_needed_go(lab: Lab):
    lab.nodes("a")
    lab.ask(model="qwen3.5-9b", maxReplicas=2)
    with lab.operator():
        lab.until_holds("Applied")
        assert lab.cluster.call("GET", lab.cluster.config_maps("qorch-chat-goal")).code == 200
        lab.ask(model="qwen3.5-9b", replicas=2)
        lab.cluster.until(lambda: lab.cluster.is_gone(lab.cluster.config_maps("qorch-chat-goal")))
    assert any("deletes ConfigMap/qorch-chat-goal" in line for line in lab.said)


def test_what_somebody_edits_by_hand_comes_back(lab: Lab):
    lab.nodes("a")
    lab.ask(model="qwen3.5-9b", replicas=1)
    with lab.operator():
        lab.until_holds("Applied")
        wanted = lab.service()["spec"]
        steps = [{"op": "replace", "path": "/spec/upgradeStrategy/type", "value": "None"}]
        path = lab.services("qorch-chat")
        lab.cluster.ok("PATCH", path, steps, "application/json-patch+json", fieldManager="kubectl-edit")
        lab.cluster.until(lambda: lab.service()["spec"] == wanted)
        lab.until_quiet()
    assert (MANAGER, "Apply") in owners(lab.service())
    assert any("RayService/qorch-chat was edited by kubectl-edit" in line for line in lab.said)
    events = lab.cluster.ok("GET", lab.cluster.path("events"))["items"]
    assert {each["reason"] for each in events} == {"Restored", "TakenBack"}
    assert {each["involvedObject"]["uid"] for each in events} == {lab.fleet()["metadata"]["uid"]}


def test_whoever_edits_it_over_and_over_is_not_fought(lab: Lab):
    lab.nodes("a")
    lab.ask(model="qwen3.5-9b", replicas=1)
    steps = [{"op": "replace", "path": "/spec/upgradeStrategy/type", "value": "None"}]
    with lab.operator():
        lab.until_holds("Applied")
        wanted = lab.service()["spec"]
        for _ in range(2):
            lab.cluster.until(lambda: lab.service()["spec"] == wanted)
            path = lab.services("qorch-chat")
            lab.cluster.ok("PATCH", path, steps, "application/json-patch+json", fieldManager="other-controller")
        told = lab.until_holds("Applied", "False", "FieldConflict")
    assert 'conflict with "other-controller"' in told["message"]


def test_what_is_deleted_by_hand_comes_back(lab: Lab):
    lab.nodes("a")
    lab.ask(model="qwen3.5-9b", replicas=1)
    with lab.operator():
        lab.until_holds("Applied")
        lab.cluster.ok("DELETE", lab.services("qorch-chat"))
        lab.cluster.until(lab.has_service)


def test_what_another_applier_declares_is_a_conflict_that_says_whose_and_is_not_fought(lab: Lab):
    lab.nodes("a")
    lab.ask(model="qwen3.5-9b", replicas=1)
    with lab.operator():
        lab.until_holds("Applied")
        theirs = {"apiVersion": "ray.io/v1", "kind": "RayService", "metadata": {"name": "qorch-chat"}}
        theirs["spec"] = {"upgradeStrategy": {"type": "None"}}
        lab.cluster.applied(lab.services("qorch-chat"), theirs, "argocd", force="true")
        told = lab.until_holds("Applied", "False", "FieldConflict")
        lab.cluster.until(lambda: any("tried again in 4 s" in line for line in lab.said))
        counts = lab.server.counts()
    assert counts["patch", "rayservices"] <= 6
    assert counts["patch", "qwenfleets/status"] <= 4
    assert 'conflict with "argocd"' in told["message"]
    assert lab.service()["spec"]["upgradeStrategy"]["type"] == "None"


def test_a_suspended_fleet_is_left_as_it_is(lab: Lab):
    lab.nodes("a")
    lab.ask(model="qwen3.5-9b", replicas=1)
    with lab.operator():
        lab.until_holds("Applied")
        before = lab.service()
        lab.ask(model="qwen3.5-4b", replicas=1, suspend=True)
        lab.cluster.until(lambda: lab.status()["phase"] == "Suspended")
        lab.cluster.ok("DELETE", lab.cluster.path("serviceaccounts", "qorch-chat-engine"))
        lab.until_quiet()
        assert lab.service() == before
        lab.ask(model="qwen3.5-4b", replicas=1)
        lab.cluster.until(lambda: "qwen3-5-4b" in engines(lab)[0]["groupName"])
    assert lab.cluster.call("GET", lab.cluster.path("serviceaccounts", "qorch-chat-engine")).code == 200
