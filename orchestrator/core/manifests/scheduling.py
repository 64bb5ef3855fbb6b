"""On which nodes a fleet's pods may be put."""

from __future__ import annotations

from typing import Any

from orchestrator.core.cluster.toleration import GPU_TOLERATION, Toleration
from orchestrator.core.manifests.gpu_nodes import GpuNodes
from orchestrator.core.manifests.pod_needs import PodNeeds
from orchestrator.core.manifests.settings import ClusterSettings


def of_fleet(settings: ClusterSettings) -> dict[str, Any]:
    """Of every pod: where all nodes are tainted for the fleet's owner, its head and gateways need a place too."""
    return _tolerated(settings.tolerations)


def of_engine(needs: PodNeeds, settings: ClusterSettings) -> dict[str, Any]:
    """On nodes with the planned GPUs, whose own taint is for engines alone: it keeps pods without GPUs away."""
    tolerations = (GPU_TOLERATION, *settings.tolerations) if needs.beside_gpus else settings.tolerations
    affinity = _affinity(needs.gpus) if needs.gpus and needs.gpus.label else {}
    return {**affinity, **_tolerated(tolerations)}


def _affinity(gpus: GpuNodes) -> dict[str, Any]:
    labelled = {"key": gpus.label, "operator": "In", "values": list(gpus.values)}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [labelled]}]}
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}}


def _tolerated(tolerations: tuple[Toleration, ...]) -> dict[str, Any]:
    return {"tolerations": [_toleration(each) for each in tolerations]} if tolerations else {}


def _toleration(each: Toleration) -> dict[str, str]:
    """As Go writes it: what is empty is left out."""
    operator = {"operator": "Exists" if each.value is None else "Equal"}
    value = {"value": each.value} if each.value else {}
    return {"key": each.key, **operator, **value, **({"effect": each.effect} if each.effect else {})}
