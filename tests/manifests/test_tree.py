"""`manifests/` is what the commands write, builds, and is judged rightly by Argo CD and Flux."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import lupa
import pytest
import yaml

from orchestrator.cli.manifest_tree import OVERLAYS, tree
from tests.manifests.structural import complaints

FOLDER = Path(__file__).parents[2] / "manifests"
KUSTOMIZATIONS = sorted(FOLDER.rglob("kustomization.yaml"))
KUBECTL = shutil.which("kubectl")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's own profiles or settings have a say."""
    monkeypatch.setenv("QORCH_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def test_the_files_are_what_the_commands_write() -> None:
    for name, text in tree():
        assert (FOLDER / name).read_text() == text, "python -m orchestrator.cli.manifest_tree manifests"


@pytest.mark.parametrize("path", KUSTOMIZATIONS, ids=lambda path: path.parent.name)
def test_every_file_is_used_and_there(path: Path) -> None:
    content = yaml.safe_load(path.read_text())
    used = [*content.get("resources", ()), *content.get("components", ())]
    assert all((path.parent / each).exists() for each in used)
    assert {each.name for each in path.parent.glob("*.yaml")} - {"kustomization.yaml"} <= set(used)


@pytest.mark.skipif(KUBECTL is None, reason="no kubectl here")
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_builds_into_one_namespace(overlay: str) -> None:
    built = subprocess.run(
        [str(KUBECTL), "kustomize", str(FOLDER / "overlays" / overlay)],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    objects = list(yaml.safe_load_all(built.stdout))
    (service,) = (each for each in objects if each["kind"] == "RayService")
    assert complaints(service) == []
    assert {each["metadata"]["namespace"] for each in objects if each["kind"] != "Namespace"} == {"qorch"}


def health(ray_service: dict[str, Any]) -> str:
    """As Argo CD asks the script: with the object as `obj`."""
    script = yaml.safe_load((FOLDER / "argocd" / "health.yaml").read_text())["data"]
    lua = lupa.LuaRuntime()  # type: ignore[attr-defined]
    lua.globals().obj = lua.table_from(ray_service, recursive=True)
    return str(lua.execute(script["resource.customizations.health.ray.io_RayService"])["status"])


def ray_service(ready: str = "", reason: str = "", upgrading: bool = False, observed: int = 2) -> dict[str, Any]:
    conditions = [{"type": "UpgradeInProgress", "status": str(upgrading), "message": "an upgrade"}]
    if ready:
        conditions.append({"type": "Ready", "status": ready, "reason": reason, "message": reason})
    status = {"observedGeneration": observed, "conditions": conditions}
    return {"metadata": {"generation": 2}, "spec": {}, "status": status}


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({"metadata": {"generation": 1}, "spec": {}}, "Progressing"),
        (ray_service("False", "Initializing"), "Progressing"),
        (ray_service("True", "NonZeroServeEndpoints"), "Healthy"),
        (ray_service("True", "NonZeroServeEndpoints", observed=1), "Progressing"),
        (ray_service("True", "NonZeroServeEndpoints", upgrading=True), "Progressing"),
        (ray_service("False", "ZeroServeEndpoints"), "Degraded"),
        (ray_service("False", "ZeroServeEndpoints", upgrading=True), "Degraded"),
        (ray_service("False", "InitializingTimeout"), "Degraded"),
        (ray_service("False", "ValidationFailed"), "Degraded"),
        ({"metadata": {}, "spec": {"suspend": True}}, "Suspended"),
    ],
)
def test_argo_cd_judges_a_fleet_by_what_kuberay_says(seen: dict[str, Any], expected: str) -> None:
    assert health(seen) == expected


def test_argo_cd_and_flux_apply_an_overlay_that_is_there() -> None:
    application = yaml.safe_load((FOLDER / "argocd" / "application.yaml").read_text())
    assert (FOLDER.parent / application["spec"]["source"]["path"] / "kustomization.yaml").is_file()
    assert "ServerSideApply=true" in application["spec"]["syncPolicy"]["syncOptions"]
    _, flux = yaml.safe_load_all((FOLDER / "flux" / "qorch.yaml").read_text())
    assert (FOLDER.parent / flux["spec"]["path"] / "kustomization.yaml").is_file()
