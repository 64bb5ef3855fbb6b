"""What stands in a fleet's way becomes a condition with a reason and a hint; nothing is hammered, no fleet is lost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.qwen_fleet.definition import definition
from tests.core.cluster.objects import A100_LABELS, node_object
from tests.fleet_operator.conftest import Lab
from tests.kube.faults import Fault
from tests.kube.server import running_api_server


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"minReplicas": 3, "maxReplicas": 2}, "minReplicas needs a maxReplicas that is no smaller"),
        ({"minReplicas": 1}, "minReplicas needs a maxReplicas that is no smaller"),
        ({"replicas": 1, "maxReplicas": 2}, "replicas fixes what minReplicas and maxReplicas leave to the load"),
        ({"replicas": 1, "targets": {"ttft": "1s"}}, "they need maxReplicas"),
        ({"schedule": ["daily 20:00-23:00 min=2"]}, "they need maxReplicas"),
        ({"upgrade": {"type": "NewClusterWithIncrementalUpgrade"}, "maxReplicas": 2}, "it needs upgrade.gatewayClass"),
        (
            {"upgrade": {"type": "NewClusterWithIncrementalUpgrade", "gatewayClass": "istio"}},
            "it needs maxReplicas",
        ),
        ({"upgrade": {"gatewayClass": "istio"}}, "upgrade.gatewayClass is for upgrade.type"),
        ({"for": "speed"}, 'supported values: "balanced"'),
        ({"targets": {"ttft": "soon"}, "maxReplicas": 2}, "should match"),
        ({"targets": {"tokS": 0}, "maxReplicas": 2}, "should be greater than 0"),
        ({"gateway": {"replicas": 0}}, "should be greater than or equal to 1"),
        ({"image": "no image!"}, "should match"),
        ({"replicas": "many"}, "must be of type integer"),
        ({"tensorParallelSize": 3}, "supported values: 1, 2"),
    ],
)
def test_what_contradicts_itself_is_refused_by_the_server_in_our_words(lab: Lab, spec: dict[str, Any], said: str):
    reply = lab.cluster.apply(lab.fleets("chat"), lab.fleet_object(**spec), "git")
    assert reply.code == 422
    assert said in reply.message


@pytest.mark.parametrize("name", ["a" * 33, "dotted.name"])
def test_a_name_that_is_too_long_for_kuberay_is_refused(lab: Lab, name: str):
    reply = lab.cluster.apply(lab.fleets(name), lab.fleet_object(name), "git")
    assert (reply.code, "expected a fleet's name: at most 32 of a-z" in reply.message) == (422, True)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"schedule": ["weekdays"], "maxReplicas": 2}, "expected DAYS HH:MM-HH:MM"),
        ({"prices": {"a1000": 2}}, "there is no GPU 'a1000' in the table"),
        ({"model": "llama"}, "'llama'"),
        ({"maxReplicas": 2, "targets": {"tpot": "0.001ms"}}, "1e-06 s a token is asked for"),
    ],
)
def test_what_no_schema_can_tell_is_told_by_a_condition(lab: Lab, spec: dict[str, Any], said: str):
    lab.nodes("a")
    lab.ask(**spec)
    with lab.operator():
        told = lab.until_holds("Planned", "False")
    assert said in told["message"]
    assert "hint: " in told["message"]
    assert lab.status()["phase"] == "Pending"


def test_without_nodes_a_fleet_waits_for_them(lab: Lab):
    lab.ask(model="qwen3.5-9b")
    with lab.operator():
        lab.until_holds("Planned", "False", "ClusterNotReady")
        lab.nodes("a")
        lab.cluster.until(lab.has_service, 60)


def test_without_kuberay_it_is_said_how_to_install_it(tmp_path: Path):
    with running_api_server() as server:
        server.put(definition())
        lab = Lab(server, tmp_path)
        lab.nodes("a")
        lab.ask(model="qwen3.5-9b")
        with lab.operator():
            told = lab.until_holds("Planned", "False", "KindNotServed")
        assert "helm install kuberay-operator" in told["message"]


def test_kuberay_that_comes_later_is_seen_and_no_fleet_waits_for_its_next_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("orchestrator.adapters.informer.NOT_SERVED_WAIT_S", 0.2)
    monkeypatch.setattr("orchestrator.app.work_queue.FIRST_RETRY_S", 3600.0)
    with running_api_server() as server:
        server.put(definition())
        lab = Lab(server, tmp_path)
        lab.nodes("a")
        lab.ask(model="qwen3.5-9b")
        with lab.operator():
            lab.until_holds("Planned", "False", "KindNotServed")
            server.install_kuberay()
            lab.until_holds("Applied")


def test_without_its_own_kind_an_operator_says_so_and_is_not_ready(tmp_path: Path):
    with running_api_server() as server:
        lab = Lab(server, tmp_path)
        with lab.operator() as process:
            lab.cluster.until(lambda: any("no qwenfleets.qorch.dev" in line for line in lab.said))
            assert (process.vitals().lives, process.vitals().ready) == (True, False)


def test_without_permission_the_verb_and_the_kind_are_named(lab: Lab):
    rbac = {"apiVersion": "rbac.authorization.k8s.io/v1"}
    rules = [{"apiGroups": ["qorch.dev"], "resources": ["qwenfleets", "qwenfleets/status"], "verbs": ["*"]}]
    lab.server.put({**rbac, "kind": "ClusterRole", "metadata": {"name": "little"}, "rules": rules})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "little"}
    subjects = [{"kind": "User", "name": "eve"}]
    binding = {"kind": "ClusterRoleBinding", "metadata": {"name": "little"}, "subjects": subjects}
    lab.server.put({**rbac, **binding, "roleRef": reference})
    lab.nodes("a")
    lab.ask(model="qwen3.5-9b")
    with lab.operator(user="eve"):
        told = lab.until_holds("Planned", "False", "Forbidden")
        lab.until_quiet()
    assert "permission to list nodes is needed" in told["message"]
    assert "kubectl --context in-process auth can-i list nodes" in told["message"]
    assert lab.server.counts()["list", "nodes"] < 8


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault("patch", "rayservices", 403, "exceeded quota: gpus, requested: nvidia.com/gpu=4"), "Refused"),
        (Fault("patch", "rayservices", 400, 'admission webhook "policy.example" denied the request: no'), "Refused"),
        (Fault("patch", "rayservices", 403, "no"), "Forbidden"),
    ],
)
def test_a_refusal_is_told_and_tried_again(lab: Lab, fault: Fault, reason: str):
    lab.nodes("a")
    lab.ask(model="qwen3.5-9b")
    fault.times = 1000
    lab.server.faults.order(fault)
    with lab.operator():
        told = lab.until_holds("Applied", "False", reason)
        fault.times = 0
        lab.until_holds("Applied", "True")
    assert fault.message in told["message"]
    assert any("tried again in 1 s" in line for line in lab.said)


def test_a_refusal_that_stays_is_met_ever_more_rarely(lab: Lab):
    lab.nodes("a")
    lab.ask(model="qwen3.5-9b")
    lab.server.faults.order(Fault("patch", "rayservices", 403, "exceeded quota: gpus", times=1000))
    with lab.operator():
        lab.until_holds("Applied", "False")
        lab.cluster.until(lambda: any("tried again in 4 s" in line for line in lab.said))
    assert lab.server.counts()["patch", "rayservices"] <= 5
    assert lab.server.counts()["patch", "qwenfleets/status"] <= 2


@pytest.mark.parametrize("code", [409, 429, 500, 503])
def test_a_server_that_is_busy_is_asked_again(lab: Lab, code: int):
    for verb, resource in (("list", "nodes"), ("patch", "rayservices"), ("patch", "qwenfleets/status")):
        lab.server.faults.order(Fault(verb, resource, code, times=2))
    lab.nodes("a")
    lab.ask(model="qwen3.5-9b")
    with lab.operator():
        lab.until_holds("Applied", "True")


def test_a_server_that_forgot_where_watches_were_is_read_anew(lab: Lab):
    lab.nodes("a")
    lab.ask(model="qwen3.5-9b")
    with lab.operator():
        lab.until_holds("Applied", "True")
        lab.server.faults.order(Fault("watch", "qwenfleets", drop_after_events=0))
        lab.ask(model="qwen3.5-4b")
        lab.server.store.compact()
        lab.cluster.until(lambda: "qwen3.5-4b" in lab.status()["plan"]["profiles"])


def test_a_fleet_that_somebody_made_without_the_kind_is_not_taken_over(lab: Lab):
    lab.nodes("a")
    labels = {"qorch.dev/fleet": "chat"}
    theirs = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "qorch-chat-engine", "labels": labels}}
    lab.server.put(theirs)
    lab.ask(model="qwen3.5-9b")
    with lab.operator():
        told = lab.until_holds("Applied", "False", "NotOurs")
    assert "ServiceAccount/qorch-chat-engine is there already and was not made by a QwenFleet" in told["message"]
    assert "kubectl delete serviceaccount qorch-chat-engine -n default" in told["message"]
    assert not lab.has_service()


def test_a_secret_that_is_missing_is_told_with_the_command_and_seen_when_it_comes(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("orchestrator.app.reconcile.SECRET_S", 0.3)
    lab.nodes("a")
    lab.ask(model="qwen3.5-9b")
    with lab.operator():
        told = lab.until_holds("SecretReady", "False", "SecretMissing")
        lab.secret()
        there = lab.until_holds("SecretReady", "True")
    assert there["message"] == (
        "the Secret qorch-chat is there, and is not read: it needs keys.json and admin-token; "
        "hint: kubectl describe secret qorch-chat -n default"
    )
    assert "kubectl create secret generic qorch-chat -n default" in told["message"]
    assert lab.cluster.call("GET", lab.cluster.path("secrets")).body["items"][0].get("data") is None


def test_another_namespace_is_not_looked_after(lab: Lab):
    lab.nodes("a")
    lab.ask(model="qwen3.5-9b")
    with lab.operator(namespaces=("kube-system",)) as process:
        lab.cluster.until(lambda: process.vitals().ready)
        lab.until_quiet()
    assert lab.status() == {}


def test_a_quota_bounds_what_is_planned_and_its_room_is_taken_when_it_grows(lab: Lab):
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "gpus"}}

    def allow(gpus: int) -> None:
        amounts = {"requests.nvidia.com/gpu": str(gpus)}
        lab.server.put({**quota, "spec": {"hard": amounts}, "status": {"hard": amounts, "used": {}}})

    allow(1)
    lab.nodes("a")
    lab.ask("small", model="qwen3.5-9b", replicas=1)
    lab.ask("large", model="qwen3.5-9b", profile="bf16", replicas=1, tensorParallelSize=4)
    with lab.operator():
        lab.until_holds("Applied", name="small")
        told = lab.until_holds("Planned", "False", name="large")
    assert lab.status("small")["plan"]["gpusPerReplica"] == 1
    assert "quota gpus of namespace default leaves 1 of 1 nvidia.com/gpu" in told["message"]
    allow(8)
    with lab.operator():
        lab.until_holds("Applied", name="large")


def test_a_tainted_node_is_used_where_its_taint_is_tolerated(lab: Lab):
    taint = {"taints": [{"key": "team", "value": "llm", "effect": "NoSchedule"}]}
    lab.server.put(node_object("a", A100_LABELS, gpus=8, spec=taint))
    lab.ask(model="qwen3.5-9b", replicas=1)
    with lab.operator():
        lab.until_holds("Planned", "False")
        lab.ask(model="qwen3.5-9b", replicas=1, tolerations=["team=llm:NoSchedule"])
        lab.until_holds("PlanCurrent", "True")
    engine = lab.service()["spec"]["rayClusterConfig"]["workerGroupSpecs"][1]["template"]["spec"]
    assert "team" in [each["key"] for each in engine["tolerations"]]
