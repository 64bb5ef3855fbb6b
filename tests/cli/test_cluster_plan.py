"""`qorch plan --kube-context`: a plan over a cluster, as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import BatchV1Api
from kubernetes.config import new_client_from_config

from tests.cli.conftest import Qorch
from tests.core.cluster.objects import A100_LABELS, labelled, node_object, pod_object, quota_object
from tests.core.cluster.test_requests import of_fleet
from tests.kube.fixtures import api_server
from tests.kube.server import ApiServer

__all__ = ["api_server"]
L4 = labelled(product="NVIDIA-L4", memory="23034", count="4", compute_minor="9")


@pytest.fixture
def lab(api_server: ApiServer, tmp_path: Path) -> ApiServer:
    """Two nodes of A100s, one of which pods took three GPUs of, and one of L4s; eve may do nothing."""
    api_server.put(node_object("a", A100_LABELS, gpus=8))
    api_server.put(node_object("b", A100_LABELS, gpus=8))
    api_server.put(node_object("l", L4, gpus=4))
    api_server.put(node_object("cordoned", A100_LABELS, gpus=8, spec={"unschedulable": True}))
    api_server.put(pod_object("p", "b", gpu=3))
    api_server.kubeconfig(tmp_path / "kubeconfig", context="lab")
    api_server.kubeconfig(tmp_path / "eve", user="eve", context="lab")
    return api_server


@pytest.fixture
def kubeconfig(lab: ApiServer, tmp_path: Path) -> str:
    return str(tmp_path / "kubeconfig")


def test_a_plan_over_a_cluster_shows_its_pools_and_what_is_left_out(qorch: Qorch, kubeconfig: str):
    done = qorch("plan", "--kubeconfig", kubeconfig, "--kube-context", "lab")
    assert done.code == 0
    assert "Hardware (cluster lab)\n  Nodes  a\n" in done.out
    assert "  GPU 5-7  requested by other pods, each\n" in done.out
    assert "1 node (cordoned) not planned on: cordoned" in done.out
    assert "is left out: requested by other pods" not in done.out
    assert "on 1 of 1 nodes like a" in done.out


def test_replicas_go_onto_unlike_pools_and_no_gpu_that_pods_have(qorch: Qorch, kubeconfig: str):
    done = qorch("plan", "--kubeconfig", kubeconfig, "--model", "qwen3.5-9b", "--for", "cost", "-o", "json")
    plan = json.loads(done.out)
    used = {tuple(plan["hosts"][each["host_group"]]["pool"]["nodes"]): each["gpu_sets"] for each in plan["placements"]}
    assert set(used) == {("a",), ("b",), ("l",)}
    assert sorted(gpu for gpus in used["b",] for gpu in gpus) == [0, 1, 2, 3, 4]


def test_a_plan_over_a_cluster_is_a_document_that_this_host_refuses(qorch: Qorch, kubeconfig: str, tmp_path: Path):
    file = tmp_path / "plan.yaml"
    file.write_text(qorch("plan", "--kubeconfig", kubeconfig, "-o", "yaml").out)
    assert yaml.safe_load(file.read_text())["hosts"][0]["pool"]["labels"][0] == ["kubernetes.io/arch", "amd64"]
    done = qorch("up", "--plan", str(file), "--dry-run")
    assert done.code in (2, 3, 4)
    assert done.error


def test_permission_that_lacks_is_told_with_verb_and_resource(qorch: Qorch, lab: ApiServer, tmp_path: Path):
    done = qorch("plan", "--kubeconfig", str(tmp_path / "eve"))
    assert done.code == 4
    assert done.error.startswith("permission to list nodes is needed: ")
    assert done.hint == "kubectl --context lab auth can-i list nodes --all-namespaces"


def test_a_cluster_of_which_no_node_can_be_used(qorch: Qorch, api_server: ApiServer, tmp_path: Path):
    api_server.put(node_object("a", A100_LABELS, gpus=8, conditions=[]))
    done = qorch("plan", "--kubeconfig", str(api_server.kubeconfig(tmp_path / "config")))
    assert done.code == 4
    assert done.error == (
        "a node that pods can be put on is needed, and 'in-process' has none: 1 node (a) not planned on: not Ready"
    )


def test_a_quota_of_the_namespace_bounds_the_plan_and_its_forbidden_reading_is_told(
    qorch: Qorch, lab: ApiServer, kubeconfig: str
):
    lab.put(quota_object("team", "llm", hard={"requests.nvidia.com/gpu": 4}, used={"requests.nvidia.com/gpu": 1}))
    wish = ("--kubeconfig", kubeconfig, "--model", "qwen3.5-9b", "--for", "cost", "-o", "json")
    bounded, free = (json.loads(qorch("plan", *wish, *more).out) for more in (("-n", "llm"), ()))
    told = "quota team of namespace llm leaves 3 of 4 nvidia.com/gpu: no more are planned on"
    assert (sum(map(replicas, bounded["placements"])), told in bounded["notices"]) == (3, True)
    assert sum(map(replicas, free["placements"])) == 15
    done = qorch("plan", *wish, "-n", "llm", "--replicas", "4")
    assert done.code == 3
    assert done.error.startswith("quota team of namespace llm leaves 3 of 4 nvidia.com/gpu; 4 replicas were asked for")
    assert done.hint == "kubectl --context lab -n llm describe quota,limitrange"


def replicas(placement: dict[str, Any]) -> int:
    return len(placement["gpu_sets"]) * int(placement["num_hosts"])


def test_a_tainted_node_is_planned_on_where_its_taint_is_tolerated(qorch: Qorch, lab: ApiServer, kubeconfig: str):
    lab.put(node_object("z", L4, gpus=4, spec={"taints": [{"key": "team", "value": "llm", "effect": "NoSchedule"}]}))
    left_out = "1 node (z) not planned on: tainted team=llm:NoSchedule"
    assert left_out in qorch("plan", "--kubeconfig", kubeconfig).out
    plan = json.loads(qorch("plan", "--kubeconfig", kubeconfig, "--tolerate", "team=llm:NoSchedule", "-o", "json").out)
    assert ["l", "z"] in [each["pool"]["nodes"] for each in plan["hosts"]]
    assert left_out not in plan["notices"]
    done = qorch("plan", "--kubeconfig", kubeconfig, "--tolerate", "team=llm:Never")
    assert (done.code, done.hint) == (2, "qorch plan --tolerate team=llm:NoSchedule")
    assert done.error.startswith("expected KEY[=VALUE][:EFFECT]")


def test_a_fleet_that_is_named_is_planned_anew_on_what_its_own_pods_have(qorch: Qorch, lab: ApiServer, kubeconfig: str):
    lab.put(of_fleet(pod_object("engine", "a", gpu=8), "llm", "chat"))
    wish = ("--kubeconfig", kubeconfig, "--profile", "qwen3.5-9b-bf16", "--for", "cost", "-n", "llm", "-o", "json")
    anew, beside = (json.loads(qorch("plan", *wish, *more).out) for more in (("--fleet", "chat"), ()))
    assert [sum(map(replicas, plan["placements"])) for plan in (anew, beside)] == [15, 7]
    lab.put(of_fleet(pod_object("other", "l", gpu=4), "llm", "default"))
    notices = json.loads(qorch("plan", *wish).out)["notices"]
    assert any(each.startswith("fleet default runs in namespace llm") for each in notices)


@pytest.mark.parametrize("given", [("-n", "llm"), ("--tolerate", "team")])
def test_what_is_of_clusters_alone_is_refused_without_one(qorch: Qorch, given: tuple[str, str]):
    done = qorch("plan", *given)
    assert done.code == 2
    assert done.error.endswith("is of a cluster, which --kube-context or --kubeconfig names")


def test_the_cluster_and_this_machine_are_not_planned_on_at_once(qorch: Qorch, kubeconfig: str):
    for other in (["--hardware", "l4"], ["--weights", "."]):
        done = qorch("plan", "--kubeconfig", kubeconfig, *other)
        assert (done.code, done.error) == (
            2,
            f"{other[0]} cannot be combined with --kube-context, which is about a cluster",
        )
    assert qorch("plan", "--diff", "--kube-context", "lab").code == 2


def test_a_clusters_name_given_for_the_models_context_is_told_the_other_option(qorch: Qorch):
    done = qorch("plan", "--context", "lab")
    assert done.code == 2
    assert "'lab' is no number of tokens; a cluster's is --kube-context lab" in done.error
    assert "not in the range" in qorch("plan", "--context", "0").error
    assert "'2k' is not a valid" in qorch("plan", "--context", "2k").error


def test_a_context_that_is_not_there(qorch: Qorch, kubeconfig: str):
    done = qorch("plan", "--kubeconfig", kubeconfig, "--kube-context", "prod")
    assert (done.code, done.hint) == (2, "kubectl config get-contexts")
    assert done.error == f"{kubeconfig} has no context 'prod'; there are: lab"


def test_jobs_are_printed_for_nodes_whose_gpus_nothing_names_as_the_server_takes_them(
    qorch: Qorch, lab: ApiServer, kubeconfig: str
):
    done = qorch("probe", "--kubeconfig", kubeconfig, "--image", "qorch:1")
    assert (done.code, done.out) == (0, "")
    assert "there is nothing to ask" in done.err
    lab.put(node_object("bare", gpus=2))
    done = qorch("probe", "--kubeconfig", kubeconfig, "--image", "qorch:1", "-n", "default")
    (job,) = yaml.safe_load(done.out)["items"]
    with new_client_from_config(kubeconfig) as client:
        made = BatchV1Api(client).create_namespaced_job("default", job)
    assert made.metadata.annotations["qorch.dev/node"] == "bare"
    assert made.spec.template.spec.containers[0].image == "qorch:1"
