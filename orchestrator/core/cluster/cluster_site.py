"""A whole cluster as a `Site`: its usable nodes in pools, and in notices what is not planned on, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from orchestrator.core.cluster.claimed_gpus import claimed_gpus
from orchestrator.core.cluster.gpu_kind import GKE, KARPENTER
from orchestrator.core.cluster.gpu_labels import GPU, Devices, cuda_version, devices_of, driver_version
from orchestrator.core.cluster.gpus import CLIQUE, NOT_TOLD, ONE_POOL, UNNAMED, gpus_of
from orchestrator.core.cluster.host import host_of
from orchestrator.core.cluster.namespace_limits import Bars, NamespaceLimits
from orchestrator.core.cluster.node import ARCH, ZONE, Node, unusable
from orchestrator.core.cluster.notices import left_out, own_pods
from orchestrator.core.cluster.pools import Labels, NodeKind, pooled
from orchestrator.core.cluster.probed_gpus import probed_gpus
from orchestrator.core.cluster.quantity import Amounts
from orchestrator.core.cluster.requests import NOTHING_REQUESTED, Requested, Requests
from orchestrator.core.cluster.resource_slices import NOTHING_CLAIMED, Claimed
from orchestrator.core.cluster.tenant import Tenant
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.inventory import Gpu, GpuDriver, Site

Probed = tuple[GpuDriver, tuple[Gpu, ...]]

OF_GPU = (f"{GPU}.product", GKE, f"{KARPENTER}-name", ZONE, CLIQUE)
ANYBODY = Tenant()
GPU_LABELS = (ARCH, *OF_GPU, f"{KARPENTER}-memory")  # beside those of GPU Feature Discovery


@dataclass(frozen=True)
class Seen:
    """What was read of a cluster; what may not be read is left empty, with a notice."""

    name: str
    nodes: tuple[Node, ...]
    requests: Requests = NOTHING_REQUESTED
    claimed: Claimed = NOTHING_CLAIMED
    probed: Mapping[str, Probed] = field(default_factory=dict)  # by node
    notices: tuple[str, ...] = ()
    limits: Mapping[str, NamespaceLimits] = field(default_factory=dict)  # by namespace


def cluster_site(seen: Seen, table: GpuTable, tenant: Tenant = ANYBODY) -> tuple[Site, tuple[str, ...]]:
    """All nodes that a fleet's pods may be put on, in the order of their names; and what is not planned on."""
    requested, bars = tenant.requested(seen.requests), limits_of(seen, tenant).bars()
    alike: dict[Hashable, list[Node]] = defaultdict(list)
    for node in sorted(seen.nodes, key=lambda node: node.name):
        if unusable(node, tenant.tolerations) is None:
            alike[_gpu_facts(node, seen, requested, bars)].append(node)
    kinds = [_kind(nodes, seen, requested, bars, table) for nodes in alike.values()]
    return pooled(kinds), (*seen.notices, *own_pods(seen.requests, tenant), *left_out(seen.nodes, kinds, tenant))


def limits_of(seen: Seen, tenant: Tenant) -> NamespaceLimits:
    """What the fleet's namespace allows it."""
    limits = seen.limits.get(tenant.namespace, NamespaceLimits(tenant.namespace))
    return limits.without(seen.requests.of_fleet(tenant.key)) if tenant.anew else limits


def _gpu_facts(node: Node, seen: Seen, requested: Requested, bars: Bars) -> Hashable:
    """All that a node's GPUs are made of: nodes of which it is equal are looked at once."""
    found, taken = _devices(node, bars), requested.get(node.name, {})
    own = node.name if node.name in seen.claimed.devices or node.name in seen.probed else None
    labels = tuple(node.labels.get(name) for name in GPU_LABELS)
    return own, found, tuple(taken.get(each.resource) for each in found), labels, _driver(node)


def _devices(node: Node, bars: Bars) -> tuple[Devices, ...]:
    return tuple(replace(each, barred=bars.get(each.resource)) for each in devices_of(node))


def _kind(nodes: Sequence[Node], seen: Seen, requested: Requested, bars: Bars, table: GpuTable) -> NodeKind:
    """Of nodes whose GPUs are made of the same."""
    found, taken = _devices(nodes[0], bars), requested.get(nodes[0].name, {})
    driver, gpus = _driver_and_gpus(nodes[0], found, seen, taken, table)
    unified = any(gpu.memory_total_bytes == ONE_POOL for gpu in gpus)
    hosts = tuple(host_of(node, requested.get(node.name, {}), unified) for node in nodes)
    return NodeKind(f"cluster {seen.name}", driver, gpus, _labels(nodes[0], gpus), hosts)


def _driver_and_gpus(node: Node, found: Sequence[Devices], seen: Seen, requested: Amounts, table: GpuTable) -> Probed:
    """What the device plugin offers, by labels or where these do not name it by a probe; else what claims can have."""
    offered = any(each.allocatable for each in found)
    gpus = () if offered else claimed_gpus(node.name, seen.claimed, table)
    gpus = gpus or gpus_of(found, node, requested, table)
    if node.name in seen.probed and any(gpu.hidden == UNNAMED for gpu in gpus):
        driver, probed = seen.probed[node.name]
        return driver, probed_gpus(probed, int(requested.get(GPU, 0)))
    return _driver(node, None if gpus else "no GPU: the node offers none"), gpus


def _driver(node: Node, absent: str | None = None) -> GpuDriver:
    return GpuDriver(driver_version(node) or NOT_TOLD, cuda_version(node) or NOT_TOLD, absent)


def _labels(node: Node, gpus: tuple[Gpu, ...]) -> Labels:
    """The architecture, and of nodes with GPUs what GPUs they are and where."""
    names = (ARCH, *(OF_GPU if gpus else ()))
    return tuple((name, node.labels[name]) for name in names if name in node.labels)
