"""`qorch plan --kube-context`: a plan over a cluster, as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from kubernetes.client import BatchV1Api
from kubernetes.config import new_client_from_config

from tests.cli.conftest import Qorch
from tests.core.cluster.objects import A100_LABELS, labelled, node_object, pod_object
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
