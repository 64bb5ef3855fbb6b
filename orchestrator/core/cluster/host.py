"""What a node has left for a fleet's pods, as a `Host`: allocatable less requested, whatever is used."""

from __future__ import annotations

from decimal import Decimal

from orchestrator.core.cluster.node import INSTANCE_TYPE, Node
from orchestrator.core.cluster.quantity import Amounts
from orchestrator.core.inventory import Host


def host_of(node: Node, requested: Amounts, unified_memory: bool) -> Host:
    """Whole cores, of which one at least."""
    return Host(
        hostname=node.name,
        cpu_model=f"{node.labels.get(INSTANCE_TYPE, 'CPU')} ({node.architecture})",
        cpu_cores=max(1, int(_left(node, requested, "cpu"))),
        instruction_sets=(),
        memory_total_bytes=int(node.allocatable.get("memory", Decimal(0))),
        memory_available_bytes=int(_left(node, requested, "memory")),
        disk_free_bytes=int(_left(node, requested, "ephemeral-storage")),
        unified_memory=unified_memory,
    )


def _left(node: Node, requested: Amounts, resource: str) -> Decimal:
    return max(Decimal(0), node.allocatable.get(resource, Decimal(0)) - requested.get(resource, Decimal(0)))
