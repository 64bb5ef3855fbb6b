"""One Kubernetes object of a fleet."""

from __future__ import annotations

from typing import Any

from orchestrator.core.manifests.naming import object_name, owner_labels
from orchestrator.core.manifests.settings import ClusterSettings

Manifest = dict[str, Any]


def manifest(
    kind: tuple[str, str], fleet: str, part: str, settings: ClusterSettings, content: Manifest, **labels: str
) -> Manifest:
    """An object of the API version and kind `kind`, named and labelled as the fleet's."""
    api_version, name = kind
    metadata: Manifest = {"name": object_name(fleet, part), "labels": {**owner_labels(fleet), **labels}}
    if settings.namespace is not None:
        metadata["namespace"] = settings.namespace
    return {"apiVersion": api_version, "kind": name, "metadata": metadata, **content}
