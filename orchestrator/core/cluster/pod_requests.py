"""What a pod asks for, as the scheduler reckons it: requests, not use."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from orchestrator.core.cluster.quantity import Amounts, amounts, mapping, mappings


def pod_requests(spec: Mapping[str, Any]) -> Amounts:
    """The containers' sum, or the most that an init container needs beside its sidecars, and the pod's overhead."""
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in mappings(spec.get("initContainers")):
        needed = added(sidecars, _container_requests(container))
        peak = _most(peak, needed)
        sidecars = needed if container.get("restartPolicy") == "Always" else sidecars
    running = added(sidecars, *map(_container_requests, mappings(spec.get("containers"))))
    of_pod = amounts(mapping(spec.get("resources")).get("requests"))
    return added({**_most(running, peak), **of_pod}, amounts(spec.get("overhead")))


def _container_requests(container: Mapping[str, Any]) -> Amounts:
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
