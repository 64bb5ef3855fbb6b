"""The files of `manifests/`, as `qorch render` writes them: `python -m orchestrator.cli.manifest_tree FOLDER`."""

from __future__ import annotations

import contextlib
import io
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from orchestrator.cli.documents import yaml_documents
from orchestrator.cli.root import root
from orchestrator.core.fleet import DEFAULT_NAME
from orchestrator.core.manifests.changes import object_id
from orchestrator.core.manifests.viewer import viewer
from orchestrator.core.qwen_fleet.definition import definition
from orchestrator.core.qwen_fleet.installation import access, workload

OVERLAYS = {
    "cpu-demo": "--hardware cpu:4c:16gb --profile demo --gateways 1",
    "single-gpu": "--hardware l4:1",
    "a100-pair": "--hardware a100-80gb:2",
    "mixed": "--hardware 'a100-80gb:2@2;l4:1@4' --model qwen3.5-4b --min-replicas 1 --max-replicas 6",
    "production": "--hardware a100-80gb:8@2 --model qwen3.5-27b --min-replicas 2 --max-replicas 8 --target-ttft 5s "
    "--redis redis:6379 --model-claim models --gateways 3",
}
MONITORED = "production"
NAMESPACE = "qorch"
WRITTEN_BY = "Written by: python -m orchestrator.cli.manifest_tree manifests"
Object = Mapping[str, Any]


def tree() -> Iterator[tuple[str, str]]:
    """Each file's path and text: what is the same in all overlays is their base."""
    rendered = {name: _rendered(options) for name, options in OVERLAYS.items()}
    common = [each for each in rendered["a100-pair"] if all(each in objects for objects in rendered.values())]
    yield "base/common.yaml", _text("", common)
    for name, objects in rendered.items():
        own = [each for each in objects if each not in common]
        yield f"overlays/{name}/fleet.yaml", _text(OVERLAYS[name], own)
    with_monitoring = _rendered(f"{OVERLAYS[MONITORED]} --monitoring")
    there = set(map(object_id, rendered[MONITORED]))
    monitoring = [each for each in with_monitoring if object_id(each) not in there]
    yield "monitoring/monitoring.yaml", _text("--monitoring", monitoring)
    yield from _operator()
    yield "viewer/rbac.yaml", f"# {WRITTEN_BY}\n{yaml_documents(viewer(DEFAULT_NAME))}"


def _operator() -> Iterator[tuple[str, str]]:
    """What `kubectl apply -k manifests/operator` installs."""
    parts = {"crd": (definition(),), "rbac": access(), "deployment": workload()}
    for name, objects in parts.items():
        yield f"operator/{name}.yaml", f"# {WRITTEN_BY}\n{yaml_documents(objects)}"


def _rendered(options: str) -> list[Object]:
    """What the command prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        root.main(["render", *shlex.split(options), "--quiet"], "qorch", standalone_mode=False)
    return list(yaml.safe_load_all(printed.getvalue()))


def _text(options: str, objects: list[Object]) -> str:
    command = " ".join(filter(None, ("qorch render", options)))
    return f"# Of: {command}\n# {WRITTEN_BY}\n{yaml_documents(objects)}"


def main() -> None:
    for name, text in tree():
        path = Path(sys.argv[1]) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()
