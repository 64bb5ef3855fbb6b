"""Equal hosts are one group of a `Site`, so that a plan looks at each kind of host once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from orchestrator.core.inventory import NOT_READ, Gpu, HostGroup, Inventory, Site


def host_count(site: Site) -> int:
    """All hosts, not kinds of them."""
    return sum(group.count for group in site.hosts)


def grouped(groups: Iterable[HostGroup]) -> Site:
    """Equal hosts as one group, in the order in which each kind is first met."""
    first: dict[Inventory, Inventory] = {}
    counts: Counter[Inventory] = Counter()
    for group in groups:
        key = without_identity(group.inventory)
        first.setdefault(key, group.inventory)
        counts[key] += group.count
    return Site(tuple(HostGroup(first[key], counts[key]) for key in first))


def without_identity(inventory: Inventory) -> Inventory:
    """The host without what differs between two equal ones: names, ids and readings that move."""
    host = replace(inventory.host, hostname="")
    return replace(inventory, host=host, gpus=tuple(map(_without_id, inventory.gpus)), source="")


def _without_id(gpu: Gpu) -> Gpu:
    return replace(
        gpu,
        uuid=NOT_READ,
        pci_bus_id=NOT_READ,
        minor_number=NOT_READ,
        nvlink_peers=("",) * len(gpu.nvlink_peers),
        mig_instances=tuple(replace(part, uuid="", processes=NOT_READ) for part in gpu.mig_instances),
        utilization_percent=NOT_READ,
        temperature_c=NOT_READ,
        power_w=NOT_READ,
        processes=NOT_READ,
    )
