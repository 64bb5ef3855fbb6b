"""LimitRanges: how much one container or pod of a namespace may have, and what it is given that says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.core.cluster.fleet_pods import FleetPods
from orchestrator.core.cluster.pod_requests import (
    CONTAINERS,
    INIT_CONTAINERS,
    containers_of,
    limits_of,
    pod_limits,
    requests_of,
)
from orchestrator.core.cluster.quantity import Amounts, amount_text, amounts, mapping, mappings

CONTAINER, POD = "Container", "Pod"

ResourceList = Mapping[str, Any]


@dataclass(frozen=True)
class LimitRange:
    """One item of a LimitRange."""

    name: str
    kind: str
    most: Amounts = field(default_factory=dict)
    limits: ResourceList = field(default_factory=dict)  # of a container that has none
    requests: ResourceList = field(default_factory=dict)

    def refusals(self, pods: Iterable[FleetPods]) -> Iterator[str]:
        """What of these pods is more than it allows; they have what `with_defaults` gave them."""
        for each in pods:
            if self.kind == POD:
                yield from self._of_pod(f"a pod of the {each.role}", pod_limits(each.spec))
            else:
                for container in containers_of(each.spec):
                    who = f"container {container.get('name')} of the {each.role}"
                    yield from self._beyond(who, limits_of(container))
                    yield from self._beyond_default(who, limits_of(container), requests_of(container))

    def _of_pod(self, who: str, limits: Amounts) -> Iterator[str]:
        for resource in self.most:
            if resource not in limits:
                yield f"limit range {self.name} limits {resource} of a pod, and {who} says no limit of it"
        yield from self._beyond(who, limits)

    def _beyond(self, who: str, limits: Amounts) -> Iterator[str]:
        for resource, most in self.most.items():
            if resource in limits and limits[resource] > most:
                has = amount_text(limits[resource])
                yield f"limit range {self.name} allows {amount_text(most)} {resource}, and {who} has {has}"

    def _beyond_default(self, who: str, limits: Amounts, requests: Amounts) -> Iterator[str]:
        """A request above the limit that its container was given."""
        for resource in self.limits:
            if resource in requests and resource in limits and requests[resource] > limits[resource]:
                yield (
                    f"limit range {self.name} gives containers {amount_text(limits[resource])} {resource}, "
                    f"and {who} asks for {amount_text(requests[resource])} {resource}"
                )


def read_limit_range(limit_range: Mapping[str, Any]) -> tuple[LimitRange, ...]:
    """The items that are of containers or pods."""
    name = str(mapping(limit_range.get("metadata")).get("name", "unnamed"))
    items = mappings(mapping(limit_range.get("spec")).get("limits"))
    return tuple(_item(name, item) for item in items if item.get("type") in (CONTAINER, POD))


def with_defaults(pods: Iterable[FleetPods], ranges: Sequence[LimitRange]) -> tuple[FleetPods, ...]:
    """The pods as the API server admits them: a container is given what it says nothing of."""
    return tuple(replace(each, spec=_completed(each.spec, ranges)) for each in pods)


def _item(name: str, item: Mapping[str, Any]) -> LimitRange:
    """Where no default is said, the most is; of the requests the limits are (defaults of the API itself)."""
    if item["type"] == POD:
        return LimitRange(name, POD, amounts(item.get("max")))
    limits = {**mapping(item.get("max")), **mapping(item.get("default"))}
    return LimitRange(
        name, CONTAINER, amounts(item.get("max")), limits, {**limits, **mapping(item.get("defaultRequest"))}
    )


def _completed(spec: Mapping[str, Any], ranges: Sequence[LimitRange]) -> Mapping[str, Any]:
    parts = {part: [_given(one, ranges) for one in mappings(spec.get(part))] for part in (INIT_CONTAINERS, CONTAINERS)}
    return {**spec, **parts}


def _given(container: Mapping[str, Any], ranges: Sequence[LimitRange]) -> Mapping[str, Any]:
    resources = mapping(container.get("resources"))
    limits = mapping(resources.get("limits"))
    requests = {**limits, **mapping(resources.get("requests"))}
    for each in ranges:
        limits = {**each.limits, **limits}
        requests = {**each.requests, **requests}
    return {**container, "resources": {"limits": limits, "requests": requests}}
