"""The pods that a fleet's RayService wants, and whether nodes have a place for them, as the scheduler would see it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.core.cluster.node import Node, unusable
from orchestrator.core.cluster.pod_requests import added, pod_requests
from orchestrator.core.cluster.quantity import Amounts, mapping, mappings
from orchestrator.core.cluster.requests import Requested
from orchestrator.core.cluster.toleration import Toleration
from orchestrator.core.manifests.naming import ROLE_LABEL, VARIANT_LABEL, Role
from orchestrator.core.qwen_fleet.kind import Object


@dataclass(frozen=True)
class PodGroup:
    """Equal pods: the head, the gateways, or the engines of a variant."""

    name: str
    requests: Amounts
    where: tuple[Mapping[str, Any], ...]  # expressions over a node's labels, all of which must hold
    fewest: int
    most: int
    is_engine: bool
    tolerations: tuple[Toleration, ...] = ()

    def may_be_on(self, node: Node) -> bool:
        return unusable(node, self.tolerations) is None and all(_holds(each, node.labels) for each in self.where)


def pod_groups(ray_service: Object) -> tuple[PodGroup, ...]:
    """Of a RayService as it is rendered."""
    cluster = ray_service["spec"]["rayClusterConfig"]
    head = _group(cluster["headGroupSpec"]["template"], Role.HEAD.value, 1, 1)
    return (head, *map(_worker_group, cluster["workerGroupSpecs"]))


def group_of(pod: Object) -> str:
    """Which group a fleet's pod is of, by its labels."""
    labels = mapping(mapping(pod.get("metadata")).get("labels"))
    return str(labels.get(VARIANT_LABEL) or labels.get(ROLE_LABEL, ""))


def placed(groups: Iterable[PodGroup], nodes: Iterable[Node], requested: Requested) -> Iterator[tuple[str, str]]:
    """The group and the node of each pod that has room, beside what was requested.

    The first node that has room takes a pod; engines come before what goes anywhere.
    """
    there, taken = tuple(nodes), dict(requested)
    for group in sorted(groups, key=lambda group: not group.is_engine):
        for node in _places(group, there, taken):
            taken[node] = added(taken.get(node, {}), group.requests)
            yield group.name, node


def _places(group: PodGroup, nodes: Iterable[Node], taken: Mapping[str, Amounts]) -> Iterator[str]:
    """A node for each pod, for as many as have room."""
    left = group.most
    for node in filter(group.may_be_on, nodes):
        while left and _has_room(node, taken.get(node.name, {}), group.requests):
            left -= 1
            yield node.name


def _has_room(node: Node, taken: Amounts, wanted: Amounts) -> bool:
    return all(node.allocatable.get(name, 0) - taken.get(name, 0) >= each for name, each in wanted.items() if each)


def _worker_group(group: Object) -> PodGroup:
    return _group(group["template"], group["groupName"], group["minReplicas"], group["maxReplicas"])


def _group(template: Object, name: str, fewest: int, most: int) -> PodGroup:
    role = template["metadata"]["labels"][ROLE_LABEL]
    where = tuple(_expressions(template["spec"]))
    tolerations = tuple(map(_toleration, mappings(template["spec"].get("tolerations"))))
    return PodGroup(name, pod_requests(template["spec"]), where, fewest, most, role == Role.ENGINE, tolerations)


def _toleration(said: Mapping[str, Any]) -> Toleration:
    return Toleration(said["key"], said.get("value"), said.get("effect"))


def _expressions(pod: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Of the one term that is rendered."""
    affinity = mapping(mapping(pod.get("affinity")).get("nodeAffinity"))
    required = mapping(affinity.get("requiredDuringSchedulingIgnoredDuringExecution"))
    for term in mappings(required.get("nodeSelectorTerms"))[:1]:
        yield from mappings(term.get("matchExpressions"))


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    found, values = labels.get(expression["key"]), expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return found in values
        case "NotIn":
            return found not in values
        case "Exists":
            return found is not None
        case _:
            return found is None
