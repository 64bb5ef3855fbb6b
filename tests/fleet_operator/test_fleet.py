"""Ten lines of QwenFleet become a RayService that KubeRay takes, and stay right."""

from __future__ import annotations

import json

from orchestrator.core.qwen_fleet.kind import MANAGER
from tests.fleet_operator.conftest import Lab
from tests.kube.cluster import owners
from tests.manifests.structural import complaints


def test_ten_lines_become_a_fleet_that_answers(lab: Lab):
    lab.nodes("a", "b")
    lab.secret()
    lab.ask(model="qwen3.5-9b", minReplicas=1, maxReplicas=4, targets={"ttft": "5s"})
    with lab.operator(), lab.kuberay.running():
        lab.until_holds("Ready")
        lab.until_holds("Progressing", "False")
    said = lab.status()
    assert complaints(lab.service()) == []
    assert (said["phase"], said["readyEndpoints"]) == ("Ready", 1)
    assert said["endpoint"] == "http://qorch-chat-serve-svc.default:8000/v1"
    assert said["plan"]["profiles"].startswith("qwen3.5-9b")
    assert said["plan"]["replicas"] == 4
    assert lab.condition("SecretReady")["message"] == "the Secret qorch-chat is there"
    assert said["plan"]["predicted"]["ttftSeconds"] > 0
    assert [each["status"] for each in said["conditions"]] == ["True"] * 5 + ["False", "True"]


def test_a_spec_of_nothing_is_the_best_that_there_is_room_for(lab: Lab):
    lab.nodes("a", gpus=2)
    lab.ask()
    with lab.operator():
        lab.until_holds("Applied")
    assert lab.status()["plan"]["gpusPerReplica"] >= 1
    assert lab.service()["spec"]["rayClusterConfig"]["workerGroupSpecs"][1]["replicas"] >= 1


def test_the_largest_is_chosen_though_no_nodes_own_disk_would_hold_it(lab: Lab):
    lab.nodes("a", "b")
    lab.ask(minReplicas=1, maxReplicas=4, targets={"ttft": "5s"})
    with lab.operator():
        lab.until_holds("Applied")
    assert lab.status()["plan"]["profiles"].startswith("qwen3.5-397b")


def test_every_object_is_the_operators_and_goes_with_its_fleet(lab: Lab):
    lab.nodes("a")
    lab.ask(model="qwen3.5-9b", maxReplicas=3, monitoring=False)
    with lab.operator(), lab.kuberay.running():
        lab.until_holds("Applied")
        for each in ("networkpolicies", "configmaps", "serviceaccounts", "poddisruptionbudgets"):
            group = {"networkpolicies": "networking.k8s.io/v1", "poddisruptionbudgets": "policy/v1"}.get(each, "v1")
            (first, *_) = lab.cluster.ok("GET", lab.cluster.path(each, group_version=group))["items"]
            assert (MANAGER, "Apply") in owners(first)
            assert first["metadata"]["ownerReferences"][0]["uid"] == lab.fleet()["metadata"]["uid"]
        lab.cluster.ok("DELETE", lab.fleets("chat"))
        lab.cluster.until(lambda: not lab.has_service())
        lab.cluster.until(lambda: not lab.cluster.ok("GET", lab.cluster.config_maps())["items"])
        lab.until_quiet()
    assert not lab.has_service()


def test_nothing_is_written_while_nothing_changes_nor_by_an_operator_that_starts_anew(lab: Lab):
    lab.nodes("a")
    lab.secret()
    lab.ask(model="qwen3.5-9b", maxReplicas=3)
    with lab.operator(), lab.kuberay.running():
        lab.until_holds("Ready")
        lab.until_quiet()
    before, service = lab.writes(), lab.service()
    with lab.operator() as process:
        lab.cluster.until(lambda: process.vitals().reconciles.get("well", 0) > 0)
        lab.until_quiet()
    assert lab.writes() == before
    assert lab.service() == service


def test_the_plan_is_kept_as_a_document_that_render_takes(lab: Lab):
    lab.nodes("a")
    lab.ask(model="qwen3.5-9b")
    with lab.operator():
        lab.until_holds("Applied")
    data = lab.cluster.ok("GET", lab.cluster.config_maps("qorch-chat-plan"))["data"]
    document = json.loads(data["plan.yaml"])
    assert (document["kind"], len(document["hosts"])) == ("FitPlan", 1)
    assert len(data["plan.yaml"]) < 100_000
