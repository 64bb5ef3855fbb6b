"""ResourceQuotas: what the pods of a namespace may ask for all together, and what is left of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from orchestrator.core.cluster.fleet_pods import FleetPods
from orchestrator.core.cluster.pod_requests import added, containers_of, less, limits_of, pod_limits, pod_requests
from orchestrator.core.cluster.quantity import Amounts, amount_text, amounts, mapping, mappings

REQUESTS, LIMITS = "requests.", "limits."
PLAIN = ("cpu", "memory", "ephemeral-storage")  # which a quota may name without `requests.`
MUST_SAY = f"{LIMITS}cpu"  # the quotas of which every container must say something, and a fleet's do not
PODS = ("pods", "count/pods")
OF_ALL_PODS = ("NotBestEffort", "NotTerminating")  # scopes that a fleet's pods are in
NOT_IN = ("NotIn", "DoesNotExist")  # of a priority class, which they have none of


@dataclass(frozen=True)
class Quota:
    """By resource, as quotas name them: `requests.nvidia.com/gpu`, `limits.memory`, `pods`."""

    name: str
    hard: Amounts = field(default_factory=dict)
    used: Amounts = field(default_factory=dict)

    def left(self, resource: str) -> Decimal | None:
        """None where it does not limit this."""
        hard = self.hard.get(resource)
        return None if hard is None else max(Decimal(0), hard - self.used.get(resource, Decimal(0)))

    def without(self, requested: Amounts) -> Quota:
        """As if a fleet's pods that requested so much were gone, whose limits but those of cores are their requests."""
        limits = {f"{LIMITS}memory": requested.get("memory", Decimal(0))}
        freed = {**_named(requested), **limits, **dict.fromkeys(PODS, requested.get("pods", Decimal(0)))}
        return replace(self, used=less(self.used, freed))

    def refusals(self, pods: Sequence[FleetPods]) -> Iterator[str]:
        """What of it these pods exceed, or have to say and do not."""
        yield from self._unsaid(pods)
        for resource, wanted in quota_use(pods).items():
            left = self.left(resource)
            if left is not None and wanted > left:
                yield (
                    f"quota {self.name} leaves {amount_text(left)} of {amount_text(self.hard[resource])} {resource}, "
                    f"and the fleet's pods ask for {amount_text(wanted)}"
                )

    def _unsaid(self, pods: Iterable[FleetPods]) -> Iterator[str]:
        """All else that must be said is in every container."""
        silent = (each for each in pods for one in containers_of(each.spec) if "cpu" not in limits_of(one))
        if MUST_SAY in self.hard and (pod := next(silent, None)):
            yield f"quota {self.name} is of {MUST_SAY}, which the {pod.role} does not say; a LimitRange's default can"


def read_quota(quota: Mapping[str, Any]) -> Quota | None:
    """A quota as the API serves it; None where its scopes leave out a fleet's pods."""
    spec, status = mapping(quota.get("spec")), mapping(quota.get("status"))
    if not all(_holds(scope) for scope in _scopes(spec)):
        return None
    name = str(mapping(quota.get("metadata")).get("name", "unnamed"))
    return Quota(name, amounts(status.get("hard") or spec.get("hard")), amounts(status.get("used")))


def quota_use(pods: Iterable[FleetPods]) -> Amounts:
    """What quotas count of pods, all together."""
    return added(*(_times(_of_pod(each.spec), each.count) for each in pods))


def _of_pod(spec: Mapping[str, Any]) -> Amounts:
    return {
        **dict.fromkeys(PODS, Decimal(1)),
        **_named(pod_requests(spec)),
        **{LIMITS + name: amount for name, amount in pod_limits(spec).items()},
    }


def _named(requested: Amounts) -> Amounts:
    """Of requests."""
    plain = {name: amount for name, amount in requested.items() if name in PLAIN}
    return {**plain, **{REQUESTS + name: amount for name, amount in requested.items()}}


def _times(one: Amounts, count: int) -> Amounts:
    return {name: count * amount for name, amount in one.items()}


def _scopes(spec: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each with the operator by which pods are in it."""
    scopes = spec.get("scopes")
    yield from ((str(scope), "Exists") for scope in (scopes if isinstance(scopes, list) else ()))
    for term in mappings(mapping(spec.get("scopeSelector")).get("matchExpressions")):
        yield str(term.get("scopeName")), str(term.get("operator"))


def _holds(scope: tuple[str, str]) -> bool:
    name, operator = scope
    return name in OF_ALL_PODS or operator in NOT_IN
