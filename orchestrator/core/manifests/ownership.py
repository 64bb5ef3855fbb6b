"""Who has the last word on a fleet in a cluster: what they apply comes back, whatever a command line does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ARGO = "argocd.argoproj.io/tracking-id"
FLUX = "kustomize.toolkit.fluxcd.io/name"
FLUX_NAMESPACE = "kustomize.toolkit.fluxcd.io/namespace"
HELM = "helm.toolkit.fluxcd.io/name"
QWEN_FLEET = "QwenFleet"


@dataclass(frozen=True)
class Owner:
    """Who, and where a change is made instead."""

    name: str
    edit: str


def owner(live: Mapping[str, Any]) -> Owner | None:
    """Of a fleet's RayService; None where it is the command line's."""
    return next(_owners(live["metadata"]), None)


def _owners(metadata: Mapping[str, Any]) -> Iterator[Owner]:
    namespace = metadata.get("namespace", "default")
    labels = metadata.get("labels") or {}
    for each in metadata.get("ownerReferences") or ():
        if each["kind"] == QWEN_FLEET:
            yield Owner(f"the QwenFleet {each['name']}", f"kubectl edit qwenfleet {each['name']} -n {namespace}")
    if tracked := (metadata.get("annotations") or {}).get(ARGO):
        application = tracked.partition(":")[0]
        yield Owner(f"Argo CD's application {application}", f"qorch render, and commit it to what {application} syncs")
    if name := labels.get(FLUX):
        where = f"{labels.get(FLUX_NAMESPACE, 'flux-system')}/{name}"
        yield Owner(f"Flux's Kustomization {where}", f"qorch render, and commit it to what {where} applies")
    if name := labels.get(HELM):
        yield Owner(f"Flux's HelmRelease {name}", f"kubectl edit helmrelease {name}")
