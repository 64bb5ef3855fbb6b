"""What the pods on each node have asked for, as the scheduler reckons it: requests, not use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from orchestrator.core.cluster.quantity import Amounts, amounts, mapping, mappings

ENDED = ("Succeeded", "Failed")

Requested = dict[str, Amounts]  # by node


def with_requests(requested: Requested, pods: Iterable[Mapping[str, Any]]) -> Requested:
    """Those pods added to the nodes that they are on; one page at a time, so that no pod need be kept."""
    found = dict(requested)
    for pod in pods:
        spec = mapping(pod.get("spec"))
        node = spec.get("nodeName")
        if node and mapping(pod.get("status")).get("phase") not in ENDED:
            found[str(node)] = _sum(found.get(str(node), {}), pod_requests(spec))
    return found


def pod_requests(spec: Mapping[str, Any]) -> Amounts:
    """The containers' sum, or the most that an init container needs beside its sidecars, and the pod's overhead."""
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in mappings(spec.get("initContainers")):
        needed = _sum(sidecars, _container_requests(container))
        peak = _most(peak, needed)
        sidecars = needed if container.get("restartPolicy") == "Always" else sidecars
    running = _sum(sidecars, *map(_container_requests, mappings(spec.get("containers"))))
    of_pod = amounts(mapping(spec.get("resources")).get("requests"))
    return _sum({**_most(running, peak), **of_pod}, amounts(spec.get("overhead")))


def _container_requests(container: Mapping[str, Any]) -> Amounts:
    """A limit alone is a request too."""
    resources = mapping(container.get("resources"))
    return amounts({**mapping(resources.get("limits")), **mapping(resources.get("requests"))})


def _sum(*parts: Amounts) -> Amounts:
    total: dict[str, Decimal] = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total.get(name, Decimal(0)) + amount
    return total


def _most(one: Amounts, other: Amounts) -> Amounts:
    return {name: max(one.get(name, Decimal(0)), other.get(name, Decimal(0))) for name in {**one, **other}}
