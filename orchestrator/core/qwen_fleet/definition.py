"""The CustomResourceDefinition of QwenFleet."""

from __future__ import annotations

from typing import Any

from orchestrator.core.qwen_fleet.kind import GROUP, KIND, PLURAL, SHORT, VERSION
from orchestrator.core.qwen_fleet.rules import NAMED
from orchestrator.core.qwen_fleet.schema import SPEC
from orchestrator.core.qwen_fleet.status_schema import STATUS

COLUMNS = (
    ("Profile", "string", ".status.plan.profiles"),
    ("Replicas", "integer", ".status.plan.replicas"),
    ("Endpoints", "integer", ".status.readyEndpoints"),
    ("Phase", "string", ".status.phase"),
    ("Reason", "string", ".status.reason"),
    ("Endpoint", "string", ".status.endpoint"),
    ("Age", "date", ".metadata.creationTimestamp"),
)


def definition() -> dict[str, Any]:
    """No `scale` subresource: how many replicas there are is the autoscaler's business."""
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": _schema()},
        "subresources": {"status": {}},
        "additionalPrinterColumns": [dict(zip(("name", "type", "jsonPath"), each, strict=True)) for each in COLUMNS],
    }
    names = {"kind": KIND, "listKind": f"{KIND}List", "plural": PLURAL, "singular": KIND.lower(), "shortNames": [SHORT]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {"group": GROUP, "names": names, "scope": "Namespaced", "versions": [version]},
    }


def _schema() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "A fleet of one Qwen 3.5 model, planned for its cluster and kept right by `qorch operator`.",
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": SPEC,
            "status": STATUS,
        },
        "x-kubernetes-validations": [NAMED.data()],
    }
