"""Which kind of GPU a node's labels mean: GPU Feature Discovery's, else those that clouds put there themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator

from orchestrator.core.amounts import MIB
from orchestrator.core.cluster.gpu_labels import Devices
from orchestrator.core.cluster.node import Node
from orchestrator.core.gpu_spec import GpuSpec
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.inventory import NotAvailable

GKE = "cloud.google.com/gke-accelerator"  # e.g. nvidia-tesla-a100, nvidia-h100-mega-80gb
GKE_NAMES = {"tesla-a100": "a100-40gb", "h100-mega-80gb": "h100-80gb"}  # where it is no name of the table
KARPENTER = "karpenter.k8s.aws/instance-gpu"  # -name: a100; -memory: MiB of one


def kind_of(devices: Devices, node: Node, table: GpuTable) -> GpuSpec | None:
    """The table's kind, or None where no label names one that it has."""
    if devices.product is not None:
        return _of_product(devices, devices.product, table)
    return next((spec for name in _cloud_names(node) if (spec := table.by_name(name))), None)


def _of_product(devices: Devices, product: str, table: GpuTable) -> GpuSpec | None:
    """Older versions leave NVIDIA out of the product; the memory of a slice says nothing of its GPU."""
    known_bytes = None if devices.mig_profile else devices.memory_bytes
    memory_bytes = known_bytes or NotAvailable("not told")
    names = (product, f"NVIDIA {product}", f"NVIDIA {product.removeprefix('Tesla-')}")
    return next((spec for name in names if (spec := table.by_product(name, memory_bytes))), None)


def _cloud_names(node: Node) -> Iterator[str]:
    """Short names as the table might have them, the more exact ones first."""
    if accelerator := node.labels.get(GKE, "").removeprefix("nvidia-"):
        yield GKE_NAMES.get(accelerator, accelerator)
        yield accelerator.removeprefix("tesla-")
    if name := node.labels.get(f"{KARPENTER}-name"):
        memory_mib = node.labels.get(f"{KARPENTER}-memory", "")
        if re.fullmatch(r"\d{1,9}", memory_mib, re.ASCII):
            yield f"{name}-{round(int(memory_mib) * MIB / 1024**3)}gb"
        yield name
