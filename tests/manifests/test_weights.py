"""How weights come to the pods: the scripts are run here, with a `qorch pull` that prints what the real one does."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from orchestrator.core.cluster.toleration import Toleration
from orchestrator.core.pod_deployment import model_files
from orchestrator.core.wish import Wish
from tests.core.machines import BY_NAME
from tests.manifests.rendered import Fleet, rendered

VLLM, GGUF = "qwen3.5-27b-bf16", "qwen3.5-4b-ud-q4_k_xl"
PULL = """#!/bin/sh
mkdir -p "$(dirname "{path}")"
touch "{path}"
echo "{path}"
"""


def fetcher(fleet: Fleet) -> Any:
    (engine,) = fleet.engines
    found, _ = engine["template"]["spec"]["initContainers"]
    return found


def run(container: Any, models: Path, path: Path, pull: str = PULL) -> None:
    """The container's command, with its own folder of models and its own `qorch`."""
    tools = models.parent / "bin"
    tools.mkdir(exist_ok=True)
    models.mkdir(exist_ok=True)
    (tools / "qorch").write_text(pull.format(path=path))
    (tools / "qorch").chmod(0o755)
    command = [each.replace("/models", str(models)) for each in container["command"]]
    subprocess.run(command, env={"PATH": f"{tools}:/usr/bin:/bin"}, check=True, timeout=20)


@pytest.mark.parametrize(("hardware", "name"), [("a100-80gb:2", VLLM), ("cpu:16c:64gb", GGUF)])
def test_a_model_is_found_under_a_name_that_no_commit_changes(tmp_path: Path, hardware: str, name: str) -> None:
    profile, models = BY_NAME[name], tmp_path / "models"
    container = fetcher(rendered(hardware, Wish(profile=name)))
    files = model_files(profile)
    for commit in ("one", "two"):
        root = models / "hub" / "snapshots" / commit
        run(container, models, root / profile.weights.file if profile.weights.file else root)
        there = Path(files.model_path.replace("/models", str(models)))
        assert there.exists()
        assert str(there.resolve()).startswith(str(root))


def test_a_pull_that_fails_fails_the_pod(tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        run(fetcher(rendered()), tmp_path / "models", tmp_path, pull="#!/bin/sh\necho {path}; exit 1\n")


def test_with_a_claim_a_job_fetches_and_pods_wait_for_it(tmp_path: Path) -> None:
    fleet = rendered(model_claim="models")
    job = fleet.one("Job")["spec"]["template"]["spec"]
    (engine,) = fleet.engines
    (volume,) = (each for each in engine["template"]["spec"]["volumes"] if each["name"] == "models")
    assert volume["persistentVolumeClaim"] == {"claimName": "models", "readOnly": True}
    assert "readOnly" not in job["volumes"][0]["persistentVolumeClaim"]
    models = tmp_path / "models"
    run(job["containers"][0], models, models / "hub" / "snapshots" / "one")
    run(fetcher(fleet), models, tmp_path)  # ends, since it is there


def test_a_job_for_other_models_or_in_other_pods_has_another_name() -> None:
    """A Job's pods cannot be changed."""
    one, other = Wish(model="qwen3.5-27b"), Wish(model="qwen3.5-9b")
    tolerant = {"tolerations": (Toleration("team"),)}
    found = [
        rendered(wish=wish, model_claim="models", **more) for wish, more in ((one, {}), (other, {}), (one, tolerant))
    ]
    assert len({each.one("Job")["metadata"]["name"] for each in found}) == 3


def test_the_hubs_token_is_the_secrets_and_may_be_missing() -> None:
    (token,) = (each for each in fetcher(rendered())["env"] if each["name"] == "HF_TOKEN")
    assert token["valueFrom"]["secretKeyRef"] == {"name": "qorch-default", "key": "hub-token", "optional": True}


def test_an_engine_only_reads_its_weights() -> None:
    (engine,) = rendered().engines
    mounts = engine["template"]["spec"]["containers"][0]["volumeMounts"]
    assert {each["mountPath"]: each.get("readOnly") for each in mounts}["/models"] is True
