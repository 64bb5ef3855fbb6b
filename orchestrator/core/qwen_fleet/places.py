"""What of the cluster a fleet can have: all but what others asked for, and what other fleets were promised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from orchestrator.core.cluster.node import Node
from orchestrator.core.cluster.pod_requests import Requested
from orchestrator.core.cluster.quantity import Amounts
from orchestrator.core.qwen_fleet.kind import Key
from orchestrator.core.qwen_fleet.pod_groups import PodGroup, placed


@dataclass(frozen=True)
class PodSeen:
    """A pod on a node, less what no plan needs."""

    node: str
    requests: Amounts
    fleet: Key | None  # whose it is; None: of nobody whom the operator keeps
    group: str = ""


@dataclass(frozen=True)
class Crowd:
    """What all pods of a cluster asked for, and those of fleets apart."""

    requested: Requested
    of_fleets: Mapping[Key, tuple[PodSeen, ...]]


def crowd(pods: Iterable[PodSeen]) -> Crowd:
    """Read once for all fleets."""
    requested: Requested = {}
    of_fleets: dict[Key, list[PodSeen]] = {}
    for pod in pods:
        requested[pod.node] = _sum(requested.get(pod.node, {}), pod.requests, 1)
        if pod.fleet is not None:
            of_fleets.setdefault(pod.fleet, []).append(pod)
    return Crowd(requested, {key: tuple(found) for key, found in of_fleets.items()})


def asked_by_others(
    key: Key, seen: Crowd, nodes: tuple[Node, ...], promised: Mapping[Key, tuple[PodGroup, ...]]
) -> Requested:
    """For the fleet `key`: without its own pods, with pods of other fleets that are yet to start."""
    requested = dict(seen.requested)
    for pod in seen.of_fleets.get(key, ()):
        requested[pod.node] = _sum(requested[pod.node], pod.requests, -1)
    for other, groups in sorted(promised.items()):
        if other != key:
            requested, _ = placed(_yet_to_start(groups, seen.of_fleets.get(other, ())), nodes, requested)
    return requested


def missing(groups: tuple[PodGroup, ...], nodes: tuple[Node, ...], requested: Requested) -> str:
    """Which engines the cluster has no place for, of as many as there always are; empty where it has."""
    least = tuple(replace(group, most=_always(group)) for group in groups)
    _, homeless = placed(least, nodes, requested)
    lost = [(group, homeless[group.name]) for group in least if group.is_engine and homeless[group.name]]
    return "; ".join(f"no node for {count} of {group.most} pods of {group.name}" for group, count in lost)


def _always(group: PodGroup) -> int:
    return max(1, group.fewest) if group.fewest < group.most else group.most


def _yet_to_start(groups: tuple[PodGroup, ...], pods: Iterable[PodSeen]) -> tuple[PodGroup, ...]:
    there = Counter(pod.group for pod in pods)
    return tuple(replace(group, most=max(0, group.most - there[group.name])) for group in groups)


def _sum(one: Amounts, other: Amounts, sign: int) -> dict[str, Decimal]:
    return {**one, **{name: one.get(name, Decimal(0)) + sign * amount for name, amount in other.items()}}
