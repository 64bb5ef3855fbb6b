"""Many hosts: a `Site` is groups of equal hosts, so that a plan looks at each kind of host once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from orchestrator.core.inventory import NOT_READ, Gpu, Inventory


@dataclass(frozen=True)
class HostGroup:
    """`count` hosts that are equal but for their names and ids."""

    inventory: Inventory
    count: int = 1


@dataclass(frozen=True)
class Site:
    """All hosts that a plan may use."""

    hosts: tuple[HostGroup, ...]
    source: str = "probed"

    @property
    def host_count(self) -> int:
        """All hosts, not kinds of them."""
        return sum(group.count for group in self.hosts)

    @property
    def gpu_count(self) -> int:
        """GPUs of all hosts."""
        return sum(group.count * len(group.inventory.gpus) for group in self.hosts)


def site_of(inventory: Inventory) -> Site:
    """One machine as a site."""
    return Site((HostGroup(inventory),), inventory.source)


def grouped(groups: Iterable[HostGroup], source: str) -> Site:
    """Equal hosts as one group, in the order in which each kind is first met."""
    first: dict[Inventory, Inventory] = {}
    counts: Counter[Inventory] = Counter()
    for group in groups:
        key = _without_identity(group.inventory)
        first.setdefault(key, group.inventory)
        counts[key] += group.count
    return Site(tuple(HostGroup(first[key], counts[key]) for key in first), source)


def _without_identity(inventory: Inventory) -> Inventory:
    """The host without what differs between two equal ones: names, ids and readings that move."""
    host = replace(inventory.host, hostname="")
    return replace(inventory, host=host, gpus=tuple(map(_without_id, inventory.gpus)), source="")


def _without_id(gpu: Gpu) -> Gpu:
    return replace(
        gpu,
        uuid=NOT_READ,
        pci_bus_id=NOT_READ,
        nvlink_peers=("",) * len(gpu.nvlink_peers),
        mig_instances=tuple(replace(part, uuid="") for part in gpu.mig_instances),
        utilization_percent=NOT_READ,
        temperature_c=NOT_READ,
        power_w=NOT_READ,
    )
