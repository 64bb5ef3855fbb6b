"""What holds for every image: linted, pinned, without root, of the version that this is."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from orchestrator import __version__
from orchestrator.core.manifests.pod import UID
from orchestrator.core.manifests.ray_service import RAY_VERSION
from tests.images.build import context
from tests.images.containerfile import OPERATOR, REPLICA, ROOT, Containerfile

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
IMAGES = [(OPERATOR, ""), (REPLICA, "cpu"), (REPLICA, "gpu")]
every_image = pytest.mark.parametrize(("path", "target"), IMAGES, ids=["operator", "cpu", "gpu"])


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


@pytest.mark.parametrize("path", [OPERATOR, REPLICA], ids=lambda path: path.stem)
def test_hadolint_finds_nothing(path: Path):
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, "--no-color", path], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")


@every_image
def test_the_only_choice_is_the_base_a_slim_python_of_no_settled_registry(path: Path, target: str):
    (base,) = Containerfile(path).arguments
    assert re.fullmatch(r"BASE=python:3\.11-slim-[a-z]+", base)
    first = next(iter(Containerfile(path).chain(target)))
    assert first.base == "${BASE}"


@every_image
def test_its_commands_are_not_roots_and_its_user_is_the_pods(path: Path, target: str):
    read = Containerfile(path)
    assert read.last(target, "USER") == f"{UID}:{UID}"
    created = " ".join(each.value for stage in read.chain(target) for each in stage.all("RUN"))
    assert f"useradd --uid {UID} --gid {UID} " in created


@every_image
def test_its_labels_have_the_version_and_the_licence(path: Path, target: str):
    words = [each.words for stage in Containerfile(path).chain(target) for each in stage.all("LABEL")]
    labels = dict(word.split("=", 1) for word in words[-1])
    assert labels["org.opencontainers.image.version"] == __version__
    assert labels["org.opencontainers.image.licenses"] == PROJECT["license"]


@every_image
def test_no_tool_that_builds_comes_with_what_it_copies(path: Path, target: str):
    """Only installed packages are copied, from stages that are left behind."""
    read = Containerfile(path)
    copies = [each for stage in read.chain(target) for each in stage.all("COPY")]
    assert {each.words[1] for each in copies} <= {"/opt/qorch", "/staged"}
    assert all(each.source_stage in read.stages for each in copies)


def test_rays_version_is_the_clusters_wherever_it_is_pinned():
    assert f"ray[serve]=={RAY_VERSION}" in PROJECT["dependencies"]
    assert pins("constraints.txt")["ray"] == pins("constraints-gpu.txt")["ray"] == RAY_VERSION


def test_the_context_has_what_is_copied_of_it_and_nothing_else():
    assert (ROOT / ".dockerignore").read_text().splitlines()[1] == "*"
    files = {word for path in (OPERATOR, REPLICA) for word in _copied(path)} - {"."}
    assert {ROOT / name for name in files} <= set(context())
    builds = {ROOT / name for name in (PROJECT["readme"], "LICENSE", "orchestrator", "profiles", "tui")}
    assert set(context()) == builds | {ROOT / name for name in files}


def _copied(path: Path) -> list[str]:
    copies = [each for stage in Containerfile(path).stages.values() for each in stage.all("COPY")]
    return [word for each in copies if each.source_stage is None for word in each.words[:-1]]


def test_the_guide_builds_the_images_of_this_version_with_its_ray():
    guide = (ROOT / "docs/guides/gitops.md").read_text()
    for path, target in IMAGES:
        assert f"-f {path.relative_to(ROOT)} " + (f"--target {target} " if target else "") in guide
    assert set(re.findall(r"Ray (\d+\.\d+\.\d+)", guide)) == {RAY_VERSION}
    assert set(re.findall(r"registry\.example/qorch(?:-operator)?:([\d.]+)", guide)) == {__version__}
