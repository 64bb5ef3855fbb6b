"""The image of a fleet's pods, built as its Containerfile says: it has what they are started with."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.core.manifests.ray_service import RAY_VERSION
from tests.images.build import Build
from tests.images.commands import KUBERAY, pod_commands, programs
from tests.images.containerfile import REPLICA

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("replica")


@pytest.fixture(scope="module")
def image(folder: Path) -> Build:
    return Build(folder, REPLICA, "cpu")


@pytest.mark.parametrize("options", ["-c", "-lc"])
def test_a_shell_finds_the_ray_that_the_cluster_is_said_to_have(image: Build, options: str):
    assert image.run("bash", options, "--", "ray --version") == f"ray, version {RAY_VERSION}\n"


@pytest.mark.parametrize("name", sorted({name for each in (*pod_commands(), *KUBERAY) for name in programs(each)}))
def test_a_login_shell_finds_what_pods_are_started_with(image: Build, name: str):
    image.run("bash", "-lc", f"type -- '{name}'")


def test_an_init_container_brings_the_weights(image: Build):
    path = image.run("sh", "-ec", "qorch pull --quiet demo-gguf", QORCH_HOME="weights", HF_HUB_OFFLINE="1").strip()
    assert image.run("head", "-c", "4", path) == "GGUF"


def test_another_version_of_qorch_is_a_layer_of_its_own(image: Build, folder: Path):
    staged = {path.name for path in Path(f"{folder}/staged{folder}/opt/qorch/lib").glob("*/site-packages/*")}
    assert {name for name in staged if not name.startswith("qorch-")} == {"orchestrator", "tui"}
