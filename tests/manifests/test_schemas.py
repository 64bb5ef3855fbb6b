"""What is rendered is what Kubernetes, KubeRay and Ray take."""

from __future__ import annotations

import copy
import gzip
import json
from typing import Any

import kubernetes_validate
import pytest
import ray
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from ray.serve.schema import ServeDeploySchema

from orchestrator.cli.documents import yaml_documents
from orchestrator.core.manifests.quantities import memory
from orchestrator.core.manifests.ray_service import RAY_VERSION
from tests.kube.go_form import canonical
from tests.manifests.rendered import Fleet, every_kind, rendered
from tests.manifests.structural import FILES, FOLDER, complaints

KUBERNETES = "1.37"
OF_OTHERS = ("PodMonitor", "PrometheusRule")  # of the Prometheus operator
FLEETS = tuple(every_kind())


@pytest.mark.parametrize("fleet", FLEETS)
def test_kuberay_knows_every_field(fleet: Fleet) -> None:
    assert complaints(fleet.one("RayService")) == []


@pytest.mark.parametrize("fleet", FLEETS)
def test_kubernetes_knows_every_field_of_its_own_kinds(fleet: Fleet) -> None:
    own = [each for each in fleet.objects if each["kind"] not in ("RayService", *OF_OTHERS)]
    for each in own:
        kubernetes_validate.validate(each, KUBERNETES, strict=True)


@pytest.mark.parametrize("fleet", FLEETS)
def test_kubernetes_knows_every_field_of_the_pods(fleet: Fleet) -> None:
    for template in fleet.pod_templates:
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", **template["metadata"]}}
        kubernetes_validate.validate({**pod, "spec": template["spec"]}, KUBERNETES, strict=True)


def test_a_field_that_kuberay_lacks_would_be_seen() -> None:
    wrong = copy.deepcopy(rendered().one("RayService"))
    wrong["spec"]["rayClusterConfig"]["headGroupSpec"]["replicas"] = 1
    wrong["spec"]["rayClusterConfig"]["workerGroupSpecs"][0]["template"]["spec"]["containers"][0]["images"] = ["x"]
    assert len(complaints(wrong)) == 2


@pytest.mark.parametrize("fleet", FLEETS)
def test_ray_takes_the_serve_config(fleet: Fleet) -> None:
    (application,) = ServeDeploySchema.model_validate(yaml.safe_load(fleet.service["serveConfigV2"])).applications
    assert {each.name for each in application.deployments} >= {"gateway"}


def test_the_version_of_ray_is_the_one_that_qorch_runs_with() -> None:
    assert ray.__version__ == RAY_VERSION


@pytest.mark.parametrize("fleet", FLEETS)
def test_the_yaml_reads_as_the_same_objects(fleet: Fleet) -> None:
    text = yaml_documents(fleet.objects)
    assert tuple(yaml.safe_load_all(text)) == fleet.objects
    assert "&id" not in text


@pytest.mark.parametrize("fleet", FLEETS)
def test_what_is_rendered_twice_is_the_same(fleet: Fleet) -> None:
    again = next(other for other in every_kind() if other.kinds() == fleet.kinds() and other.objects == fleet.objects)
    assert yaml_documents(again.objects) == yaml_documents(fleet.objects)


@pytest.mark.parametrize("fleet", FLEETS)
def test_no_object_is_there_twice_and_all_say_whose_they_are(fleet: Fleet) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in fleet.objects]
    assert len(names) == len(set(names))
    assert {each["metadata"]["labels"]["qorch.dev/fleet"] for each in fleet.objects} == {"default"}
    assert {each["metadata"]["labels"]["app.kubernetes.io/managed-by"] for each in fleet.objects} == {"qorch"}


@given(st.integers(1, 2**50))
@settings(max_examples=200)
def test_an_amount_of_memory_is_written_as_kubernetes_writes_it(amount_bytes: int) -> None:
    text = memory(amount_bytes)
    number, unit = int(text[:-2]), 2 ** {"Mi": 20, "Gi": 30, "Ti": 40}[text[-2:]]
    assert 0 <= number * unit - amount_bytes < 2**20
    assert number % 1024 or text.endswith("Ti")


@pytest.mark.parametrize("fleet", FLEETS)
def test_nothing_is_written_that_kuberay_would_write_otherwise(fleet: Fleet) -> None:
    """It owns what it changes when it writes an object back, and a second apply of ours would conflict."""
    for group in fleet.cluster["workerGroupSpecs"]:
        assert group["scaleStrategy"] == {}
        assert group["numOfHosts"] == 1
        for container in _containers(group["template"]):
            assert container["resources"]
            _require_canonical(container["resources"])


def _containers(template: Any) -> list[Any]:
    return [*template["spec"]["containers"], *template["spec"].get("initContainers", [])]


def _require_canonical(resources: dict[str, dict[str, str]]) -> None:
    for amounts in resources.values():
        for name, amount in amounts.items():
            assert isinstance(amount, str), name
            assert canonical(amount) == amount, name


def test_the_schemas_are_kuberays() -> None:
    for kind, file in FILES.items():
        assert json.loads(gzip.decompress((FOLDER / file).read_bytes()))["spec"]["names"]["kind"] == kind
