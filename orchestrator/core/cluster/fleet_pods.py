"""The pods of a fleet's rendered objects, as a namespace's quotas and limits are held against them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.manifests.naming import ROLE_LABEL

AUTOSCALER = "autoscaler"  # the container that KubeRay adds to the head
Object = Mapping[str, Any]


@dataclass(frozen=True)
class FleetPods:
    """Equal pods: what they are for, the spec of each, and the most of them that there will be."""

    role: str
    spec: Object
    count: int


def fleet_pods(objects: Iterable[Object]) -> tuple[FleetPods, ...]:
    """All pods that the objects will be at once, while no Ray cluster is replaced."""
    return tuple(pods for each in objects for pods in _pods(each))


def _pods(item: Object) -> Iterator[FleetPods]:
    if item["kind"] == "Job":
        yield _of_template(item["spec"]["template"], 1)
    if item["kind"] == "RayService":
        cluster = item["spec"]["rayClusterConfig"]
        head = _of_template(cluster["headGroupSpec"]["template"], 1)
        yield FleetPods(head.role, {**head.spec, "containers": [*head.spec["containers"], *_autoscaler(cluster)]}, 1)
        for group in cluster["workerGroupSpecs"]:
            yield _of_template(group["template"], group["maxReplicas"])


def _of_template(template: Object, count: int) -> FleetPods:
    return FleetPods(template["metadata"]["labels"][ROLE_LABEL], template["spec"], count)


def _autoscaler(cluster: Object) -> Iterator[Object]:
    if "autoscalerOptions" in cluster:
        yield {"name": AUTOSCALER, "resources": cluster["autoscalerOptions"]["resources"]}
