"""What a pod asks for, as the scheduler reckons it: requests, not use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from orchestrator.core.cluster.quantity import Amounts, amounts, mapping, mappings

CONTAINERS, INIT_CONTAINERS = "containers", "initContainers"

Object = Mapping[str, Any]


def pod_requests(spec: Object) -> Amounts:
    """The containers' sum, or the most that an init container needs beside its sidecars, and the pod's overhead."""
    of_pod = amounts(mapping(spec.get("resources")).get("requests"))
    return added({**_at_once(spec, requests_of), **of_pod}, amounts(spec.get("overhead")))


def pod_limits(spec: Object) -> Amounts:
    """As `pod_requests`, of limits."""
    return _at_once(spec, limits_of)


def containers_of(spec: Object) -> list[Object]:
    """Those that start the pod, and those that are it."""
    return [*mappings(spec.get(INIT_CONTAINERS)), *mappings(spec.get(CONTAINERS))]


def limits_of(container: Object) -> Amounts:
    """What a container may have."""
    return amounts(mapping(container.get("resources")).get("limits"))


def _at_once(spec: Object, of: Callable[[Object], Amounts]) -> Amounts:
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in mappings(spec.get(INIT_CONTAINERS)):
        needed = added(sidecars, of(container))
        peak = _most(peak, needed)
        sidecars = needed if container.get("restartPolicy") == "Always" else sidecars
    return _most(added(sidecars, *map(of, mappings(spec.get(CONTAINERS)))), peak)


def requests_of(container: Object) -> Amounts:
    """A limit alone is a request too."""
    resources = mapping(container.get("resources"))
    return amounts({**mapping(resources.get("limits")), **mapping(resources.get("requests"))})


def added(*parts: Amounts) -> Amounts:
    """All of them together."""
    total: dict[str, Decimal] = {}
    for part in parts:
        for name, amount in part.items():
            total[name] = total.get(name, Decimal(0)) + amount
    return total


def less(whole: Amounts, part: Amounts) -> Amounts:
    """The rest of what a part is taken of."""
    return {name: amount - part.get(name, Decimal(0)) for name, amount in whole.items()}


def _most(one: Amounts, other: Amounts) -> Amounts:
    return {name: max(one.get(name, Decimal(0)), other.get(name, Decimal(0))) for name in {**one, **other}}
