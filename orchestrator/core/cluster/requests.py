"""What the pods of a cluster have asked for, by node, and what of it each fleet's own pods have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from orchestrator.core.cluster.pod_requests import added, less, pod_requests
from orchestrator.core.cluster.quantity import Amounts, mapping
from orchestrator.core.manifests.naming import FLEET_LABEL

ENDED = ("Succeeded", "Failed")

FleetKey = tuple[str, str]  # its namespace and its name
Requested = Mapping[str, Amounts]  # by node
ONE_POD = {"pods": Decimal(1)}  # as quotas count them


@dataclass(frozen=True)
class Requests:
    """Of the pods that are on nodes and have not ended."""

    by_node: Requested = field(default_factory=dict)
    by_fleet: Mapping[FleetKey, Requested] = field(default_factory=dict)

    def beside(self, fleet: FleetKey) -> Requested:
        """What all pods but a fleet's own have asked for: what it has is free for what takes its place."""
        own = self.by_fleet.get(fleet, {})
        return {**self.by_node, **{node: less(self.by_node[node], amounts) for node, amounts in own.items()}}

    def of_fleet(self, fleet: FleetKey) -> Amounts:
        """On all nodes together."""
        return added(*self.by_fleet.get(fleet, {}).values())


NOTHING_REQUESTED = Requests()


def with_requests(requests: Requests, pods: Iterable[Mapping[str, Any]]) -> Requests:
    """Those pods added to what is known; one page at a time, so that no pod need be kept."""
    by_node = dict(requests.by_node)
    by_fleet = {fleet: dict(requested) for fleet, requested in requests.by_fleet.items()}
    for pod in pods:
        spec = mapping(pod.get("spec"))
        node = str(spec.get("nodeName") or "")
        if node and mapping(pod.get("status")).get("phase") not in ENDED:
            asked = pod_requests(spec)
            _add(by_node, node, asked)
            if (fleet := _fleet(pod)) is not None:
                _add(by_fleet.setdefault(fleet, {}), node, {**asked, **ONE_POD})
    return Requests(by_node, by_fleet)


def _add(requested: dict[str, Amounts], node: str, asked: Amounts) -> None:
    requested[node] = added(requested[node], asked) if node in requested else asked


def _fleet(pod: Mapping[str, Any]) -> FleetKey | None:
    """Whose pod it is, by its label."""
    metadata = mapping(pod.get("metadata"))
    name = mapping(metadata.get("labels")).get(FLEET_LABEL)
    return None if name is None else (str(metadata.get("namespace", "")), str(name))
