"""Like nodes as one pool each, since a plan looks at each kind of host once.

Nodes of one kind differ in what other pods have left of CPU and memory. Of nodes with free GPUs that is no difference,
as replicas on GPUs need little of either; of the others as small a one as `MOST_POOLS` allow. A pool is described by
the least that one of its nodes has left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from orchestrator.core.accelerators import devices
from orchestrator.core.inventory import HostGroup, Inventory, NodePool, Site
from orchestrator.core.site import without_identity

MOST_POOLS = 24  # of nodes without free GPUs
PRECISIONS = (7, 4, 3, 2, 1)  # significant bits to which what is left is compared

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class NodeHost:
    """A node that can be planned on, and the labels by which its like are known."""

    inventory: Inventory
    labels: Labels


def pooled(hosts: Sequence[NodeHost]) -> Site:
    """Nodes with free GPUs first, then the others."""
    with_gpus = [each for each in hosts if _on_gpus(each)]
    without = [each for each in hosts if not _on_gpus(each)]
    found = (*_grouped(with_gpus, _kind), *_by_what_is_left(without))
    return Site(tuple(HostGroup(_least(members), len(members), _pool(members)) for members in found))


def _by_what_is_left(hosts: Sequence[NodeHost]) -> list[list[NodeHost]]:
    """As exactly as `MOST_POOLS` allow, and never by less than a power of two."""
    ways = [partial(_kind_and_rest, bits) for bits in PRECISIONS]
    found = (_grouped(hosts, way) for way in ways)
    return next((pools for pools in found if len(pools) <= MOST_POOLS), _grouped(hosts, ways[-1]))


def _grouped(hosts: Iterable[NodeHost], key: Callable[[NodeHost], Hashable]) -> list[list[NodeHost]]:
    """In the order in which each kind is first met."""
    found: dict[Hashable, list[NodeHost]] = defaultdict(list)
    for each in hosts:
        found[key(each)].append(each)
    return list(found.values())


def _on_gpus(node: NodeHost) -> bool:
    """Whether replicas on it need little of its own memory."""
    return bool(devices(node.inventory)[0]) and not node.inventory.host.unified_memory


def _kind(node: NodeHost) -> Hashable:
    return without_identity(node.inventory).gpus, node.inventory.driver, node.labels


def _kind_and_rest(bits: int, node: NodeHost) -> Hashable:
    host = node.inventory.host
    return _kind(node), _rounded(host.cpu_cores, bits), _rounded(host.memory_available_bytes, bits)


def _least(members: Sequence[NodeHost]) -> Inventory:
    hosts = [member.inventory.host for member in members]
    least = replace(
        hosts[0],
        cpu_cores=min(host.cpu_cores for host in hosts),
        memory_total_bytes=min(host.memory_total_bytes for host in hosts),
        memory_available_bytes=min(host.memory_available_bytes for host in hosts),
        disk_free_bytes=min(host.disk_free_bytes for host in hosts),
    )
    return replace(members[0].inventory, host=least)


def _pool(members: Sequence[NodeHost]) -> NodePool:
    return NodePool(tuple(member.inventory.host.hostname for member in members), members[0].labels)


def _rounded(number: int, bits: int) -> int:
    """Down to so many significant bits."""
    rest = max(0, number.bit_length() - bits)
    return number >> rest << rest
