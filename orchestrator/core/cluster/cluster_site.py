"""A whole cluster as a `Site`: its usable nodes in pools, and in notices what is not planned on, and why."""

from __future__ import annotations

from dataclasses import dataclass, field

from orchestrator.core.cluster.claimed_gpus import claimed_gpus
from orchestrator.core.cluster.gpu_kind import GKE, KARPENTER
from orchestrator.core.cluster.gpu_labels import GPU, cuda_version, devices_of, driver_version
from orchestrator.core.cluster.gpus import CLIQUE, NOT_TOLD, ONE_POOL, gpus_of
from orchestrator.core.cluster.host import host_of
from orchestrator.core.cluster.node import ARCH, ZONE, Node, unusable
from orchestrator.core.cluster.notices import left_out
from orchestrator.core.cluster.pod_requests import Requested
from orchestrator.core.cluster.pools import Labels, NodeHost, pooled
from orchestrator.core.cluster.resource_slices import NOTHING_CLAIMED, Claimed
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.inventory import Gpu, GpuDriver, Inventory, Site

OF_GPU = (f"{GPU}.product", GKE, f"{KARPENTER}-name", ZONE, CLIQUE)


@dataclass(frozen=True)
class Seen:
    """What was read of a cluster; what may not be read is left empty, with a notice."""

    name: str
    nodes: tuple[Node, ...]
    requested: Requested = field(default_factory=dict)
    claimed: Claimed = NOTHING_CLAIMED
    notices: tuple[str, ...] = ()


def cluster_site(seen: Seen, table: GpuTable) -> tuple[Site, tuple[str, ...]]:
    """All nodes that a fleet's pods may be put on, in the order of their names; and what is not planned on."""
    usable = [node for node in sorted(seen.nodes, key=lambda node: node.name) if unusable(node) is None]
    hosts = [_node_host(node, seen, table) for node in usable]
    return pooled(hosts), (*seen.notices, *left_out(seen.nodes, [host.inventory for host in hosts]))


def _node_host(node: Node, seen: Seen, table: GpuTable) -> NodeHost:
    requested = seen.requested.get(node.name, {})
    found = devices_of(node)
    by_labels = found if any(each.allocatable for each in found) else ()
    gpus = claimed_gpus(node.name, seen.claimed, table) if not by_labels else ()
    gpus = gpus or gpus_of(found, node, requested, table)
    unified = any(gpu.memory_total_bytes == ONE_POOL for gpu in gpus)
    inventory = Inventory(host_of(node, requested, unified), _driver(node, gpus), gpus, f"cluster {seen.name}")
    return NodeHost(inventory, _labels(node, gpus))


def _driver(node: Node, gpus: tuple[Gpu, ...]) -> GpuDriver:
    absent = None if gpus else "no GPU: the node offers none"
    return GpuDriver(driver_version(node) or NOT_TOLD, cuda_version(node) or NOT_TOLD, absent)


def _labels(node: Node, gpus: tuple[Gpu, ...]) -> Labels:
    """The architecture, and of nodes with GPUs what GPUs they are and where."""
    names = (ARCH, *(OF_GPU if gpus else ()))
    return tuple((name, node.labels[name]) for name in names if name in node.labels)
