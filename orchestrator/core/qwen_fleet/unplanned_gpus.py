"""GPUs of a cluster that no plan has, though they are there: told plainly, since without them a fleet lands on less."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from orchestrator.core.amounts import counted
from orchestrator.core.cluster.gpu_kind import kind_of
from orchestrator.core.cluster.gpu_labels import GPU, devices_of
from orchestrator.core.cluster.node import Node
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.qwen_fleet.trouble import Reason, Trouble

NAMED = 3  # nodes that a message names
PRODUCTS = f"kubectl get nodes -L {GPU}.product"
SLICES = "kubectl get resourceslices"


def unplanned_gpus(nodes: Iterable[Node], by_claims: Collection[str], table: GpuTable) -> tuple[Trouble, ...]:
    """`by_claims` are names of nodes that offer GPUs by dynamic resource allocation."""
    known = tuple(nodes)
    unnamed = [node.name for node in known if _is_unnamed(node, table)]
    claimed = [node.name for node in known if node.name in by_claims and not _offers(node)]
    by_label = f"{_some(unnamed)} with GPUs that no label names; GPU Feature Discovery labels them"
    by_claim = f"{_some(claimed)} with GPUs by claims (ResourceSlices) alone: pods ask for the device plugin's {GPU}"
    troubles = (
        (unnamed, Trouble(Reason.GPUS_UNLABELLED, f"not planned on: {by_label}", PRODUCTS)),
        (claimed, Trouble(Reason.GPUS_BY_CLAIMS, f"not planned on: {by_claim}", SLICES)),
    )
    return tuple(trouble for names, trouble in troubles if names)


def _offers(node: Node) -> bool:
    return any(each.allocatable for each in devices_of(node))


def _is_unnamed(node: Node, table: GpuTable) -> bool:
    return any(
        each.allocatable and each.product is None and kind_of(each, node, table) is None for each in devices_of(node)
    )


def _some(names: list[str]) -> str:
    return f"{counted(len(names), 'node')} ({', '.join(names[:NAMED])}{', …' if len(names) > NAMED else ''})"
