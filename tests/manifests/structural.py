"""KubeRay's own schemas as JSON schemas that refuse what an API server would prune: fields that they do not name."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

FOLDER = Path(__file__).parents[1] / "data" / "kuberay"
FILES = {"RayService": "ray.io_rayservices-v1.7.0.json.gz", "RayCluster": "ray.io_rayclusters-v1.7.0.json.gz"}
INT_OR_STRING = "x-kubernetes-int-or-string"
KEEPS_UNKNOWN = "x-kubernetes-preserve-unknown-fields"


def complaints(manifest: dict[str, Any]) -> list[str]:
    """What an API server would refuse or prune."""
    validator = jsonschema.Draft202012Validator(schema(manifest["kind"]))
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(manifest)]


@cache
def schema(kind: str) -> dict[str, Any]:
    definition = json.loads(gzip.decompress((FOLDER / FILES[kind]).read_bytes()))
    (version,) = (each for each in definition["spec"]["versions"] if each["name"] == "v1")
    whole = _strict(version["schema"]["openAPIV3Schema"])
    return {**whole, "properties": {**whole["properties"], "metadata": {"type": "object"}}}


def _strict(part: dict[str, Any]) -> dict[str, Any]:
    made = {name: value for name, value in part.items() if name not in ("format", "nullable")}
    if part.get(INT_OR_STRING):
        return {"type": ["integer", "string"]}
    if "properties" in part:
        made["properties"] = {name: _strict(each) for name, each in part["properties"].items()}
        made["additionalProperties"] = bool(part.get(KEEPS_UNKNOWN))
    elif isinstance(part.get("additionalProperties"), dict):
        made["additionalProperties"] = _strict(part["additionalProperties"])
    if "items" in part:
        made["items"] = _strict(part["items"])
    return made
