"""The operator's image: what it installs is enough for what is done over a cluster, and has no Ray."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.core.cluster.objects import A100_LABELS, node_object
from tests.images.build import Build
from tests.images.containerfile import OPERATOR, Containerfile
from tests.images.test_containerfiles import pins
from tests.kube.fixtures import api_server
from tests.kube.server import ApiServer

__all__ = ["api_server"]
HEAVY = {"ray", "vllm", "xllamacpp", "numpy", "pip"}
INSTALLED = """
import json
from importlib.metadata import distributions
print(json.dumps({each.name.lower().replace("_", "-"): each.version for each in distributions()}))
"""
FINAL = list(Containerfile(OPERATOR).stages)[-1]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Build:
    return Build(tmp_path_factory.mktemp("operator"), OPERATOR, FINAL)


def test_its_packages_are_the_pinned_ones_without_ray_and_engines(image: Build):
    versions = json.loads(image.run("python", "-c", INSTALLED))
    assert versions.pop("qorch")
    assert not HEAVY & set(versions)
    assert versions.items() <= {_plain(name): version for name, version in pins("constraints.txt").items()}.items()


def test_it_plans_over_a_cluster(image: Build, api_server: ApiServer, tmp_path: Path):
    api_server.put(node_object("a", A100_LABELS, gpus=8))
    kubeconfig = str(api_server.kubeconfig(tmp_path / "kubeconfig", context="lab"))
    over = ("--kubeconfig", kubeconfig, "--kube-context", "lab")
    plan = json.loads(image.run("qorch", "plan", *over, "-o", "json"))
    assert plan["hosts"][0]["pool"]["nodes"] == ["a"]
    assert plan["placements"]


def test_it_has_what_the_operator_needs(image: Build):
    modules = ("cli.operator_process", "cli.fleet_planner", "adapters.operator_http", "adapters.kubernetes_api")
    image.run("python", "-c", "; ".join(f"import orchestrator.{name}" for name in modules))
    assert "QwenFleets" in image.run("qorch", "operator", "--help")


def test_it_prints_the_jobs_that_ask_for_gpus(image: Build, api_server: ApiServer, tmp_path: Path):
    api_server.put(node_object("bare", gpus=2))
    kubeconfig = str(api_server.kubeconfig(tmp_path / "kubeconfig"))
    (job,) = yaml.safe_load(image.run("qorch", "probe", "--kubeconfig", kubeconfig, "--image", "qorch:1"))["items"]
    image.run(*job["spec"]["template"]["spec"]["containers"][0]["command"])


def test_it_renders_what_a_whole_installation_renders(image: Build):
    fleet = ("render", "--hardware", "a100-80gb:2", "--max-replicas", "2", "--monitoring", "--quiet")
    whole = subprocess.run([sys.executable, "-m", "orchestrator.cli", *fleet], capture_output=True, text=True)
    assert image.run("qorch", *fleet) == whole.stdout != ""


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")
