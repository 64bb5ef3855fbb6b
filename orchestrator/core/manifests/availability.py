"""How much of a fleet may be taken away at once by whoever drains nodes (PodDisruptionBudget)."""

from __future__ import annotations

from typing import Any

from orchestrator.core.deployment import DeploymentSpec, Variant
from orchestrator.core.manifests.manifest import Manifest, manifest
from orchestrator.core.manifests.naming import FLEET_LABEL, ROLE_LABEL, VARIANT_LABEL, Role, group_name
from orchestrator.core.manifests.settings import ClusterSettings, Upgrade

KIND = ("policy/v1", "PodDisruptionBudget")


def disruption_budgets(spec: DeploymentSpec, settings: ClusterSettings) -> tuple[Manifest, ...]:
    """One pod of each kind at a time, where there is more than one.

    A Ray cluster has no `scale` that a share could be reckoned by, so Kubernetes takes a count that must be left.
    """
    wanted = {
        "head": ({ROLE_LABEL: Role.HEAD.value}, _heads(settings)),
        "gateway": ({ROLE_LABEL: Role.GATEWAY.value}, settings.num_gateways - 1),
        **{group_name(each.name): (_of_variant(each), _engines(each, settings)) for each in spec.variants},
    }
    return tuple(_budget(spec, part, labels, least, settings) for part, (labels, least) in wanted.items() if least)


def _heads(settings: ClusterSettings) -> int:
    """Without a store beside it, a cluster ends with its head: it is not taken away without being asked for."""
    return 0 if settings.redis_address else 1


def _of_variant(variant: Variant) -> dict[str, str]:
    return {VARIANT_LABEL: group_name(variant.name)}


def _engines(variant: Variant, settings: ClusterSettings) -> int:
    """Engines that are never Ready, as the incremental upgrade has them, cannot be counted."""
    if settings.upgrade is Upgrade.INCREMENTAL:
        return 0
    fewest = variant.num_replicas if variant.bounds is None else variant.bounds.min_replicas
    return max(0, fewest - 1)


def _budget(spec: DeploymentSpec, part: str, labels: dict[str, str], least: int, settings: ClusterSettings) -> Manifest:
    selector: dict[str, Any] = {"matchLabels": {FLEET_LABEL: spec.fleet, **labels}}
    return manifest(KIND, spec.fleet, part, settings, {"spec": {"minAvailable": least, "selector": selector}})
