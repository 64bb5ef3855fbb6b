"""Which fleets a cluster has."""

from __future__ import annotations

from orchestrator.adapters.kuberay.cluster import SERVICES
from orchestrator.adapters.kubernetes_api import KubernetesApi
from orchestrator.core.manifests.naming import FLEET_LABEL


def fleets_in(api: KubernetesApi, namespace: str | None) -> tuple[tuple[str, str], ...]:
    """Namespace and name of each, by their RayServices; None: of all namespaces."""
    pages = api.pages(SERVICES, namespace, labelSelector=FLEET_LABEL)
    metadata = (item["metadata"] for page in pages for item in page)
    return tuple(sorted((each["namespace"], each["labels"][FLEET_LABEL]) for each in metadata))
