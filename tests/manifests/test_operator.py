"""The operator's own objects: taken by a server, restricted, few rights, and judged by Argo CD and Flux."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lupa
import pytest
import yaml
from kubernetes import config

from orchestrator.cli.kind_reference import reference
from orchestrator.core.qwen_fleet.definition import definition
from orchestrator.core.qwen_fleet.installation import KEPT, NAMESPACE, access, workload
from tests.kube.cluster import Cluster
from tests.kube.fixtures import api_server, kubeconfig
from tests.manifests.test_pod_security import violations

__all__ = ["api_server", "kubeconfig"]
ROOT = Path(__file__).parents[2]
OF_CLUSTER = ("Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition")


def test_a_server_takes_all_of_it_and_then_the_example(kubeconfig: Path):
    cluster = Cluster(config.new_client_from_config(str(kubeconfig)), NAMESPACE)
    for each in (definition(), workload()[0], *access(), *workload()[1:]):
        kind = each["kind"].lower()
        plural = f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"
        path = cluster.path(plural, each["metadata"]["name"], each["apiVersion"], each["kind"] not in OF_CLUSTER)
        cluster.applied(path, each, "kubectl", fieldValidation="Strict")
    example = yaml.safe_load((ROOT / "manifests" / "operator" / "example" / "chat.yaml").read_text())
    cluster.ok("POST", "/api/v1/namespaces", {"metadata": {"name": "qorch"}})
    path = f"/apis/qorch.dev/v1alpha1/namespaces/qorch/qwenfleets/{example['metadata']['name']}"
    found = cluster.applied(path, example, "git", fieldValidation="Strict")
    assert found["spec"]["profile"] == "auto"


def test_the_example_is_ten_lines_and_the_guides():
    text = (ROOT / "manifests" / "operator" / "example" / "chat.yaml").read_text()
    assert len(text.splitlines()) == 10
    assert f"```yaml\n{text}```" in (ROOT / "docs" / "guides" / "gitops.md").read_text()


def test_the_operators_pod_is_restricted():
    (deployment,) = (each for each in workload() if each["kind"] == "Deployment")
    assert list(violations(deployment["spec"]["template"])) == []


def test_the_operator_reads_no_secret_and_may_do_nothing_everywhere():
    rules = [rule for each in access() for rule in each.get("rules", ())]
    assert [rule["verbs"] for rule in rules if "secrets" in rule["resources"]] == [["create"]]
    assert {verb for rule in rules for verb in rule["verbs"]} <= {*KEPT, "update"}
    assert not any("*" in [*rule["verbs"], *rule["resources"], *rule["apiGroups"]] for rule in rules)


def test_the_reference_is_current():
    page = ROOT / "docs" / "reference" / "qwenfleet.md"
    assert page.read_text() == reference(), "python -m orchestrator.cli.kind_reference > docs/reference/qwenfleet.md"


def health(fleet: dict[str, Any]) -> str:
    script = yaml.safe_load((ROOT / "manifests" / "argocd" / "health.yaml").read_text())["data"]
    lua = lupa.LuaRuntime()  # type: ignore[attr-defined]
    lua.globals().obj = lua.table_from(fleet, recursive=True)
    return str(lua.execute(script["resource.customizations.health.qorch.dev_QwenFleet"])["status"])


@pytest.mark.parametrize(
    ("phase", "observed", "expected"),
    [
        ("Ready", 2, "Healthy"),
        ("Ready", 1, "Progressing"),
        ("", 0, "Progressing"),
        ("Progressing", 2, "Progressing"),
        ("Degraded", 2, "Degraded"),
        ("Failed", 2, "Degraded"),
        ("Pending", 2, "Degraded"),
        ("Suspended", 2, "Suspended"),
    ],
)
def test_argo_cd_judges_a_qwen_fleet_by_its_phase(phase: str, observed: int, expected: str):
    status = {"observedGeneration": observed, "phase": phase, "conditions": []} if phase else {}
    assert health({"metadata": {"generation": 2}, "spec": {}, "status": status}) == expected
