"""What of the cluster a fleet can have: all but what others asked for, and what other fleets were promised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from orchestrator.core.cluster.node import Node
from orchestrator.core.cluster.pod_requests import added
from orchestrator.core.cluster.quantity import Amounts
from orchestrator.core.cluster.requests import ONE_POD, Requested, Requests
from orchestrator.core.qwen_fleet.kind import Key
from orchestrator.core.qwen_fleet.pod_groups import PodGroup, placed


@dataclass(frozen=True)
class PodSeen:
    """A pod on a node, less what no plan needs; or one that was promised a place there."""

    node: str
    requests: Amounts
    fleet: Key | None  # whose it is; None: no fleet's
    group: str = ""
    promised: bool = False  # rather than there


@dataclass(frozen=True)
class Crowd:
    """What all pods of a cluster asked for, and those of fleets apart."""

    requested: Requested
    of_fleets: Mapping[Key, tuple[PodSeen, ...]]


def crowd(pods: Iterable[PodSeen], nodes: tuple[Node, ...], fleets: Mapping[Key, tuple[PodGroup, ...]]) -> Crowd:
    """All pods that are there, and those that `fleets` want and have not started, where they would go."""
    there = _crowd(pods)
    for key, groups in sorted(fleets.items()):
        yet_to_start = _yet_to_start(groups, there.of_fleets.get(key, ()))
        there = _with_promised(there, key, yet_to_start, nodes)
    return there


def asked_by_others(key: Key, seen: Crowd) -> Requested:
    """What is not for the fleet `key`: what it has itself it can have again."""
    requested = dict(seen.requested)
    for pod in seen.of_fleets.get(key, ()):
        requested[pod.node] = _sum(requested[pod.node], pod.requests, -1)
    return requested


def requests(key: Key, seen: Crowd) -> Requests:
    """As a plan takes them: with the fleet's own pods that are there, which quotas count too."""
    own: dict[str, Amounts] = {}
    for pod in seen.of_fleets.get(key, ()):
        if not pod.promised:
            own[pod.node] = added(own.get(pod.node, {}), pod.requests, ONE_POD)
    by_node = asked_by_others(key, seen)
    return Requests({**by_node, **{node: added(by_node[node], own[node]) for node in own}}, {key: own})


def missing(groups: tuple[PodGroup, ...], nodes: tuple[Node, ...], requested: Requested) -> str:
    """Which engines the cluster has no place for, of as many as there always are; empty where it has."""
    least = tuple(replace(group, most=_always(group)) for group in groups)
    found = Counter(name for name, _ in placed(least, nodes, requested))
    lost = [(group, group.most - found[group.name]) for group in least if group.is_engine]
    return "; ".join(f"no node for {count} of {group.most} pods of {group.name}" for group, count in lost if count)


def _crowd(pods: Iterable[PodSeen]) -> Crowd:
    requested: dict[str, Amounts] = {}
    of_fleets: dict[Key, list[PodSeen]] = {}
    for pod in pods:
        requested[pod.node] = _sum(requested.get(pod.node, {}), pod.requests, 1)
        if pod.fleet is not None:
            of_fleets.setdefault(pod.fleet, []).append(pod)
    return Crowd(requested, {key: tuple(found) for key, found in of_fleets.items()})


def _with_promised(there: Crowd, key: Key, groups: tuple[PodGroup, ...], nodes: tuple[Node, ...]) -> Crowd:
    by_name, requested = {group.name: group for group in groups}, dict(there.requested)
    pods = [
        PodSeen(node, by_name[name].requests, key, name, promised=True)
        for name, node in placed(groups, nodes, requested)
    ]
    for pod in pods:
        requested[pod.node] = _sum(requested.get(pod.node, {}), pod.requests, 1)
    return Crowd(requested, {**there.of_fleets, key: (*there.of_fleets.get(key, ()), *pods)})


def _always(group: PodGroup) -> int:
    return max(1, group.fewest) if group.fewest < group.most else group.most


def _yet_to_start(groups: tuple[PodGroup, ...], pods: Iterable[PodSeen]) -> tuple[PodGroup, ...]:
    there = Counter(pod.group for pod in pods)
    return tuple(replace(group, most=left) for group in groups if (left := group.most - there[group.name]) > 0)


def _sum(one: Amounts, other: Amounts, sign: int) -> dict[str, Decimal]:
    return {**one, **{name: one.get(name, Decimal(0)) + sign * amount for name, amount in other.items()}}
