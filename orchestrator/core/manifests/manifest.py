"""One Kubernetes object of a fleet."""

from __future__ import annotations

from typing import Any

from orchestrator.core.manifests.naming import object_name, owner_labels
from orchestrator.core.manifests.settings import ClusterSettings

Manifest = dict[str, Any]

WAVE = "argocd.argoproj.io/sync-wave"
WAVES = {"Job": "1", "RayService": "2"}  # each after those before are healthy: GPUs do not wait for weights


def manifest(
    kind: tuple[str, str], fleet: str, part: str, settings: ClusterSettings, content: Manifest, **labels: str
) -> Manifest:
    """An object of the API version and kind `kind`, named and labelled as the fleet's."""
    api_version, name = kind
    metadata: Manifest = {"name": object_name(fleet, part), "labels": {**owner_labels(fleet), **labels}}
    if settings.namespace is not None:
        metadata["namespace"] = settings.namespace
    if name in WAVES:
        metadata["annotations"] = {WAVE: WAVES[name]}
    return {"apiVersion": api_version, "kind": name, "metadata": metadata, **content}
