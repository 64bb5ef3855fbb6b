"""How pods ask for the GPUs that were planned: by which resource, and on nodes with which label.

GPUs that the device plugin hands out several times (`-SHARED` in the product) are not asked for: nothing divides their
memory, so no plan has them.
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.accelerators import Accelerator
from orchestrator.core.cluster.gpu_kind import GKE, KARPENTER
from orchestrator.core.cluster.gpu_labels import GPU, PRODUCT
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.inventory import NodePool
from orchestrator.core.manifests.settings import MigStrategy

PRODUCT_LABEL = f"{GPU}.product"
CLOUD_LABELS = (GKE, f"{KARPENTER}-name")


@dataclass(frozen=True)
class GpuNodes:
    """The resource of the device plugin, and a label that any of these values has; None: no label tells."""

    resource: str
    label: str | None
    values: tuple[str, ...] = ()


def gpu_nodes(device: Accelerator, pool: NodePool | None, strategy: MigStrategy, table: GpuTable) -> GpuNodes:
    """Of a pool's own labels where it is a cluster's, else as GPU Feature Discovery labels such nodes."""
    labels = dict(pool.labels) if pool else {}
    profile = (device.mig_profile or "").replace("+", ".")  # NVML's 1g.10gb+me, which no label can have
    single = bool(profile) and _is_single(labels, strategy)
    resource = f"nvidia.com/mig-{profile}" if profile and not single else GPU
    if pool is None or PRODUCT_LABEL in labels:
        suffix = f"-MIG-{profile}" if single else ""
        return GpuNodes(resource, PRODUCT_LABEL, tuple(name + suffix for name in _products(device, table)))
    label = next((name for name in CLOUD_LABELS if name in labels), None)
    return GpuNodes(resource, label, (labels[label],) if label else ())


def _is_single(labels: dict[str, str], strategy: MigStrategy) -> bool:
    """Whether slices are offered as GPUs, which the product's label tells."""
    parts = PRODUCT.fullmatch(labels.get(PRODUCT_LABEL, ""))
    return strategy is MigStrategy.SINGLE if parts is None else parts["mig"] is not None


def _products(device: Accelerator, table: GpuTable) -> tuple[str, ...]:
    """All products of the kind: a description says no more, and they are planned alike."""
    known = table.by_product(device.name, device.total_bytes) if device.mig_profile is None else None
    known = known or table.by_name(device.name)
    return tuple(name.replace(" ", "-") for name in (known.products if known else (device.name,)))
