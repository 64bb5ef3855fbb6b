"""What `up` over a cluster changes, shows before it does, and leaves alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.adapters.kubernetes_api import connect
from tests.cli.cluster_lab import ENDPOINT, NAMESPACE, UP, Lab
from tests.cli.conftest import Qorch


def test_again_nothing_is_written(there: Qorch, cluster: Lab) -> None:
    there("up", *UP, "--timeout", "20")
    version = cluster.server.store.version
    done = there("up", *UP)
    assert (done.code, done.out) == (0, f"{ENDPOINT}\n")
    assert "the fleet 'default' is in llm of lab as asked for: nothing to change" in done.err
    assert "Hardware" not in done.err
    assert cluster.server.store.version == version


def test_a_diff_shows_each_field_and_exits_with_one_until_there_is_none(there: Qorch, cluster: Lab) -> None:
    there("up", *UP, "--timeout", "20")
    version = cluster.server.store.version
    done = there("up", *UP, "--gateways", "3", "--allow-from", "web", "--diff")
    assert done.code == 1
    assert "~ change networkpolicy.networking.k8s.io/qorch-default-clients\n" in done.out
    assert "    spec.rayClusterConfig.workerGroupSpecs[0].maxReplicas: 2 -> 3\n" in done.out
    assert "    spec.serveConfigV2.applications[0].deployments[1].num_replicas: 2 -> 3" in done.out
    assert "serviceaccount" not in done.out
    assert cluster.server.store.version == version

    assert there("up", *UP, "--gateways", "3", "--allow-from", "web", "--timeout", "20").code == 0
    done = there("up", *UP, "--gateways", "3", "--allow-from", "web", "--diff")
    assert (done.code, done.out) == (0, "nothing to change\n")


def test_tolerations_of_a_fleet_that_runs_come_with_its_next_ray_cluster_and_that_is_said(
    there: Qorch, cluster: Lab
) -> None:
    there("up", *UP, "--timeout", "20")
    tolerant = (*UP, "--tolerate", "team=llm")
    done = there("up", *tolerant, "--diff")
    assert done.code == 1
    assert "headGroupSpec.template.spec.tolerations: (none) -> " in done.out
    assert "note: pods have other tolerations from the next Ray cluster on" in done.err
    assert "kubectl --context lab -n llm delete raycluster -l qorch.dev/fleet=default" in done.err
    assert "next Ray cluster" in there("up", *tolerant, "--timeout", "20").err
    assert "next Ray cluster" not in there("up", *tolerant).err
    assert "next Ray cluster" not in there("up", *UP, "--image", "qorch:2", "--diff").err


def test_what_is_not_rendered_any_more_goes(there: Qorch, cluster: Lab) -> None:
    scaled = ("--model", "qwen3.5-9b", "--image", "qorch:1", "--yes")
    there("up", *scaled, "--max-replicas", "2", "--timeout", "20")
    assert ("configmaps", "qorch-default-goal") in cluster.rendered()
    done = there("up", *scaled, "--replicas", "1", "--timeout", "20")
    assert done.code == 0, done.err
    assert ("configmaps", "qorch-default-goal") not in cluster.rendered()


def test_another_wish_is_planned_as_if_the_fleet_took_nothing(there: Qorch, cluster: Lab) -> None:
    there("up", *UP, "--timeout", "20")
    for number in range(2):
        pod = cluster.objects()["pods", next(n for k, n in cluster.objects() if k == "pods" and f"bf16-{number}" in n)]
        cluster.server.put({**pod, "spec": {**pod["spec"], "nodeName": "a"}})
    done = there("up", *UP, "--context", "32768", "--diff")
    assert done.code == 1, done.err
    assert "GPU 0-7  NVIDIA A100" in done.err
    assert '"--max-model-len" -> ' not in done.out
    assert "max_model_len: 262144 -> 32768" in done.out


def test_a_dry_run_of_the_servers_tells_of_each_object(there: Qorch, cluster: Lab) -> None:
    done = there("up", *UP, "--dry-run=server")
    assert done.code == 0
    lines = done.out.splitlines()
    assert "+ create rayservice.ray.io/qorch-default" in lines
    assert len(lines) == 11
    assert cluster.rendered() == set()


def test_a_dry_run_shows_the_plan_and_asks_the_server_nothing_but_what_is_there(there: Qorch, bare: Lab) -> None:
    done = there("up", *UP, "--dry-run")
    assert done.code == 0
    assert "Will run" in done.out
    assert {seen.verb for seen in bare.server.requests} <= {"list", "get"}


def test_a_rendered_fleet_that_was_applied_is_the_one_that_up_would_apply(
    qorch: Qorch, there: Qorch, cluster: Lab
) -> None:
    """`render` has no cluster, so what it was asked for is planned anew, and comes out alike."""
    rendered = qorch("render", "--hardware", "a100-80gb:8", *UP, "-n", NAMESPACE, "-q")
    api = connect(Path(cluster.kubeconfig), None)
    for each in yaml.safe_load_all(rendered.out):
        api.apply(each)
    done = there("up", *UP, "--diff")
    assert (done.code, done.out) == (0, "nothing to change\n")
    assert there("status").code == 0


def owned(cluster: Lab, **metadata: Any) -> None:
    service = cluster.objects()["rayservices", "qorch-default"]
    cluster.server.put({**service, "metadata": {**service["metadata"], **metadata}})


QWEN_FLEET = {"apiVersion": "qorch.dev/v1alpha1", "kind": "QwenFleet", "name": "chat", "uid": "1"}


@pytest.mark.parametrize(
    ("metadata", "who", "edit"),
    [
        ({"ownerReferences": [QWEN_FLEET]}, "the QwenFleet chat", "kubectl edit qwenfleet chat -n llm"),
        (
            {"annotations": {"argocd.argoproj.io/tracking-id": "chat:ray.io/RayService:llm/qorch-default"}},
            "Argo CD's application chat",
            "qorch render, and commit it to what chat syncs",
        ),
        (
            {"labels": {"kustomize.toolkit.fluxcd.io/name": "llm"}},
            "Flux's Kustomization flux-system/llm",
            "qorch render, and commit it to what flux-system/llm applies",
        ),
    ],
)
@pytest.mark.parametrize("verb", [("up", *UP), ("up", *UP, "--diff"), ("down",), ("scale", "1")])
def test_what_somebody_else_keeps_as_it_is_is_left_to_them(
    there: Qorch, bare: Lab, verb: tuple[str, ...], metadata: dict[str, Any], who: str, edit: str
) -> None:
    there("up", *UP, "--no-wait")
    owned(bare, **metadata)
    version = bare.server.store.version
    done = there(*verb)
    assert (done.code, done.hint) == (4, edit)
    assert done.error == f"the fleet 'default' is kept as it is by {who}, which would undo `qorch {verb[0]}`"
    assert bare.server.store.version == version


def test_a_field_of_somebody_else_is_named_and_taken_only_by_force(there: Qorch, bare: Lab) -> None:
    there("up", *UP, "--no-wait")
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "qorch-default-engine"}}
    other = connect(Path(bare.kubeconfig), None, manager="kubectl")
    other.apply({**account, "automountServiceAccountToken": True}, force=True)
    done = there("up", *UP, "--no-wait")
    assert done.code == 4
    assert 'automountServiceAccountToken (conflict with "kubectl")' in done.error
    assert "--force-conflicts" in done.hint
    assert there("up", *UP, "--no-wait", "--force-conflicts").code == 0
    assert bare.objects()["serviceaccounts", "qorch-default-engine"]["automountServiceAccountToken"] is False
