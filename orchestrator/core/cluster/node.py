"""A node object, less what no plan needs: a node's images and status take most of its bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from orchestrator.core.cluster.quantity import Amounts, amounts, mapping, mappings
from orchestrator.core.cluster.toleration import GPU_TOLERATION, Taint, Toleration, barring

ARCH = "kubernetes.io/arch"
OS = "kubernetes.io/os"
INSTANCE_TYPE = "node.kubernetes.io/instance-type"
ZONE = "topology.kubernetes.io/zone"


@dataclass(frozen=True)
class Node:
    """What a plan needs of a node."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)
    capacity: Amounts = field(default_factory=dict)
    allocatable: Amounts = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    unschedulable: bool = False
    ready: bool = True
    architecture: str = "unknown"
    system: str = "linux"

    def count(self, resource: str) -> int:
        """How many devices of an extended resource pods can be given."""
        return max(0, int(self.allocatable.get(resource, Decimal(0))))


def read_node(node: Mapping[str, Any]) -> Node:
    """A node as the API serves it; fields that are missing or of another type are as if they were not there."""
    metadata, spec, status = (mapping(node.get(name)) for name in ("metadata", "spec", "status"))
    info = mapping(status.get("nodeInfo"))
    labels = {str(key): str(value) for key, value in mapping(metadata.get("labels")).items()}
    return Node(
        name=str(metadata.get("name", "unnamed")),
        labels=labels,
        capacity=amounts(status.get("capacity")),
        allocatable=amounts(status.get("allocatable")),
        taints=tuple(map(_taint, mappings(spec.get("taints")))),
        unschedulable=spec.get("unschedulable") is True,
        ready=any(map(_says_ready, mappings(status.get("conditions")))),
        architecture=labels.get(ARCH) or str(info.get("architecture", "unknown")),
        system=labels.get(OS) or str(info.get("operatingSystem", "linux")),
    )


def unusable(node: Node, tolerations: Sequence[Toleration] = ()) -> str | None:
    """Why no pod of a fleet would be put on the node; `tolerations` are those beside that of GPUs."""
    if not node.ready:
        return "not Ready"
    if node.unschedulable:
        return "cordoned"
    if node.system != "linux":
        return f"runs {node.system}"
    taints = barring(node.taints, (GPU_TOLERATION, *tolerations))
    return f"tainted {', '.join(map(str, taints))}" if taints else None


def _taint(taint: Mapping[str, Any]) -> Taint:
    return Taint(*(str(taint.get(name) or "") for name in ("key", "value", "effect")))


def _says_ready(condition: Mapping[str, Any]) -> bool:
    return condition.get("type") == "Ready" and condition.get("status") == "True"
