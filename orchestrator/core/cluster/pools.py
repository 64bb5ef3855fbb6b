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
from typing import TypeVar

from orchestrator.core.accelerators import devices
from orchestrator.core.inventory import Gpu, GpuDriver, Host, HostGroup, Inventory, NodePool, Site
from orchestrator.core.site import without_identity

MOST_POOLS = 24  # of nodes without free GPUs
PRECISIONS = (7, 4, 3, 2, 1)  # significant bits to which what is left is compared

Labels = tuple[tuple[str, str], ...]
T = TypeVar("T")


@dataclass(frozen=True)
class NodeKind:
    """Nodes with equal GPUs, of which as many are free, and the labels by which their like are known."""

    source: str
    driver: GpuDriver
    gpus: tuple[Gpu, ...]
    labels: Labels
    hosts: tuple[Host, ...]

    def inventory(self, host: Host) -> Inventory:
        return Inventory(host, self.driver, self.gpus, self.source)


def pooled(kinds: Iterable[NodeKind]) -> Site:
    """Nodes with free GPUs first, then the others."""
    alike = _alike(kinds)
    with_gpus = [kind for kind in alike if _on_gpus(kind)]
    without = [kind for kind in alike if not _on_gpus(kind)]
    return Site(tuple(map(_group, (*with_gpus, *_by_what_is_left(without)))))


def _alike(kinds: Iterable[NodeKind]) -> list[NodeKind]:
    """Those that differ in no more than their devices' identities as one, in the order in which they are met."""
    return [replace(each[0], hosts=tuple(_hosts(each))) for each in _grouped(kinds, _identity_free)]


def _hosts(kinds: Iterable[NodeKind]) -> list[Host]:
    """By name."""
    return sorted((host for kind in kinds for host in kind.hosts), key=lambda host: host.hostname)


def _identity_free(kind: NodeKind) -> Hashable:
    return without_identity(kind.inventory(kind.hosts[0])).gpus, kind.driver, kind.labels


def _on_gpus(kind: NodeKind) -> bool:
    """Whether replicas on it need little of its own memory."""
    first = kind.hosts[0]
    return not first.unified_memory and bool(devices(kind.inventory(first))[0])


def _by_what_is_left(kinds: Sequence[NodeKind]) -> list[NodeKind]:
    """As exactly as `MOST_POOLS` allow, and never by less than a power of two."""
    found = (_parted(kinds, bits) for bits in PRECISIONS)
    return next((pools for pools in found if len(pools) <= MOST_POOLS), _parted(kinds, PRECISIONS[-1]))


def _parted(kinds: Sequence[NodeKind], bits: int) -> list[NodeKind]:
    return [replace(kind, hosts=tuple(hosts)) for kind in kinds for hosts in _grouped(kind.hosts, partial(_left, bits))]


def _left(bits: int, host: Host) -> Hashable:
    return _rounded(host.cpu_cores, bits), _rounded(host.memory_available_bytes, bits)


def _grouped(each: Iterable[T], key: Callable[[T], Hashable]) -> list[list[T]]:
    """In the order in which each key is first met."""
    found: dict[Hashable, list[T]] = defaultdict(list)
    for one in each:
        found[key(one)].append(one)
    return list(found.values())


def _group(kind: NodeKind) -> HostGroup:
    names = tuple(host.hostname for host in kind.hosts)
    return HostGroup(kind.inventory(_least(kind.hosts)), len(names), NodePool(names, kind.labels))


def _least(hosts: Sequence[Host]) -> Host:
    """What each of them has."""
    return replace(
        hosts[0],
        cpu_cores=min(host.cpu_cores for host in hosts),
        memory_total_bytes=min(host.memory_total_bytes for host in hosts),
        memory_available_bytes=min(host.memory_available_bytes for host in hosts),
        disk_free_bytes=min(host.disk_free_bytes for host in hosts),
    )


def _rounded(number: int, bits: int) -> int:
    """Down to so many significant bits."""
    rest = max(0, number.bit_length() - bits)
    return number >> rest << rest
