"""What a namespace allows the pods of a fleet: its quotas and limit ranges together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from orchestrator.core.cluster.fleet_pods import FleetPods
from orchestrator.core.cluster.gpu_labels import GPU, MIG_RESOURCE
from orchestrator.core.cluster.limit_range import LimitRange, with_defaults
from orchestrator.core.cluster.quantity import Amounts, amount_text
from orchestrator.core.cluster.quota import REQUESTS, Quota

Bars = Mapping[str, str]  # by resource


@dataclass(frozen=True)
class NamespaceLimits:
    """Of one namespace; without quotas and ranges anything is allowed."""

    namespace: str
    quotas: tuple[Quota, ...] = ()
    ranges: tuple[LimitRange, ...] = ()

    @property
    def limited(self) -> bool:
        return bool(self.quotas or self.ranges)

    def command(self, context: str) -> str:
        """What shows them."""
        return f"kubectl --context {context} -n {self.namespace} describe quota,limitrange"

    def without(self, requested: Amounts) -> NamespaceLimits:
        """As if pods that requested so much were gone."""
        return replace(self, quotas=tuple(quota.without(requested) for quota in self.quotas))

    def refusal(self, pods: Iterable[FleetPods]) -> str | None:
        """Why the API server would not admit all of these pods."""
        admitted = with_defaults(pods, self.ranges)
        of_ranges = (why for each in self.ranges for why in each.refusals(admitted))
        of_quotas = (why for each in self.quotas for why in each.refusals(admitted))
        why = next(chain(of_ranges, of_quotas), None)
        return None if why is None else f"in namespace {self.namespace}, {why}"

    def bars(self) -> Bars:
        """Why no pod may have a device, by the resource of which quotas leave none."""
        return {resource: why for resource, (left, why) in self._left().items() if left < 1}

    def most_devices(self, offered: Collection[str]) -> tuple[int, str] | None:
        """How many devices of resources that nodes offer, by the tightest quota, and the sentence that says so.

        Quotas may leave more GPUs than slices, or the other way round: a plan may take the less of both.
        """
        left = self._left()
        return min((left[resource] for resource in offered if resource in left and left[resource][0] > 0), default=None)

    def of_devices(self) -> tuple[str, ...]:
        """What quotas leave of each kind of device."""
        return tuple(why for _, why in self._left().values())

    def _left(self) -> Mapping[str, tuple[int, str]]:
        found: dict[str, tuple[int, str]] = {}
        for quota, resource, left in self._devices():
            said = f"quota {quota.name} of namespace {self.namespace} leaves {left} of "
            said += f"{amount_text(quota.hard[REQUESTS + resource])} {resource}"
            found[resource] = min(found.get(resource, (left, said)), (left, said))
        return found

    def _devices(self) -> Iterator[tuple[Quota, str, int]]:
        for quota in self.quotas:
            for name in quota.hard:
                resource, left = name.removeprefix(REQUESTS), quota.left(name)
                if left is not None and name != resource and (resource == GPU or MIG_RESOURCE.fullmatch(resource)):
                    yield quota, resource, int(left)
