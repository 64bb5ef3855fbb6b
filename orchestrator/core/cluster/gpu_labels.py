"""What GPU Feature Discovery's labels tell of a node's GPUs and MIG slices.

`nvidia.com/gpu.product` is NVML's name with hyphens, and says more: `-MIG-1g.10gb` where every GPU of the node is cut
into such slices (strategy single), `-SHARED` where the device plugin hands each device out several times. Memory is in
MiB. Under strategy mixed each profile has labels and a resource of its own, `nvidia.com/mig-1g.10gb`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.core.amounts import MIB
from orchestrator.core.cluster.node import Node

GPU = "nvidia.com/gpu"
MIG_RESOURCE = re.compile(r"nvidia\.com/mig-((?:\d+c\.)?\d+g\.\d+gb\S*)")
PRODUCT = re.compile(r"(?P<name>.+?)(?:-MIG-(?P<mig>INVALID|(?:\d+c\.)?\d+g\.\d+gb\S*?))?(?P<shared>-SHARED)?")
RENAMED = ".shared"  # what the device plugin may call a shared resource
MOST_MEMORY_MIB = 2**24
MOST_DEVICES = 1024


@dataclass(frozen=True)
class Devices:
    """Equal devices of a node, which pods ask for by one resource."""

    resource: str
    product: str | None  # as the label has it, less what MIG and sharing added; None: no label
    memory_bytes: int | None  # of one device; None: no label, or one that cannot be right
    capability: tuple[int, int] | None
    there: int
    allocatable: int
    mig_profile: str | None = None
    replicas: int = 1  # times that each is handed out
    barred: str | None = None  # why no pod of the fleet may have any


def devices_of(node: Node) -> tuple[Devices, ...]:
    """The GPUs of a node, then its slices; a resource without a label is there with its number only."""
    return tuple(each for each in (*_whole(node), *_slices(node)) if each.there)


def needs_probe(node: Node) -> bool:
    """Whether pods can be given GPUs there that no label of GPU Feature Discovery names."""
    return node.count(GPU) > 0 and f"{GPU}.product" not in node.labels


def driver_version(node: Node) -> str | None:
    """The NVIDIA driver's version."""
    return _version(node, "nvidia.com/cuda.driver-version", "nvidia.com/cuda.driver")


def cuda_version(node: Node) -> str | None:
    """The newest CUDA that the driver runs."""
    return _version(node, "nvidia.com/cuda.runtime-version", "nvidia.com/cuda.runtime")


def _whole(node: Node) -> Iterator[Devices]:
    parts = PRODUCT.fullmatch(node.labels.get(f"{GPU}.product", ""))
    profile = parts["mig"] if parts else None
    replicas = max(1, _number(node, f"{GPU}.replicas", MOST_DEVICES) or 1)
    allocatable = (node.count(GPU) + node.count(GPU + RENAMED)) // replicas
    yield Devices(
        resource=GPU,
        product=parts["name"] if parts else None,
        memory_bytes=_memory_bytes(node, GPU),
        capability=_capability(node),
        there=max(allocatable, 0 if _cut_otherwise(node) else _labelled(node, GPU)),
        allocatable=allocatable,
        mig_profile=profile,
        replicas=replicas,
    )


def _slices(node: Node) -> Iterator[Devices]:
    """Those of strategy mixed."""
    for resource in sorted({*node.capacity, *node.allocatable}):
        profile = MIG_RESOURCE.fullmatch(resource.removesuffix(RENAMED))
        if profile is None:
            continue
        named = resource.removesuffix(RENAMED)
        parts = PRODUCT.fullmatch(node.labels.get(f"{named}.product") or node.labels.get(f"{GPU}.product", ""))
        replicas = max(1, _number(node, f"{named}.replicas", MOST_DEVICES) or 1)
        allocatable = node.count(resource) // replicas
        yield Devices(
            resource=resource,
            product=parts["name"] if parts else None,
            memory_bytes=_memory_bytes(node, named),
            capability=_capability(node),
            there=max(allocatable, _labelled(node, named)),
            allocatable=allocatable,
            mig_profile=profile[1],
            replicas=replicas,
        )


def _cut_otherwise(node: Node) -> bool:
    """Whether `nvidia.com/gpu.count` counts GPUs that are cut into slices, which have resources of their own."""
    return node.labels.get("nvidia.com/mig.strategy") == "mixed"


def _labelled(node: Node, resource: str) -> int:
    return _number(node, f"{resource}.count", MOST_DEVICES) or 0


def _memory_bytes(node: Node, resource: str) -> int | None:
    mib = _number(node, f"{resource}.memory", MOST_MEMORY_MIB)
    return mib * MIB if mib else None


def _capability(node: Node) -> tuple[int, int] | None:
    major, minor = (_number(node, f"{GPU}.compute.{part}", 99) for part in ("major", "minor"))
    return (major, minor) if major and minor is not None else None


def _number(node: Node, label: str, most: int) -> int | None:
    """A whole number up to `most`; anything else is as if the label were not there."""
    text = node.labels.get(label, "")
    return int(text) if re.fullmatch(r"\d{1,12}", text, re.ASCII) and int(text) <= most else None


def _version(node: Node, now: str, before: str) -> str | None:
    """The label of today, or the parts of older ones."""
    parts = [node.labels.get(f"{before}.{part}", "") for part in ("major", "minor", "rev")]
    return node.labels.get(f"{now}.full") or ".".join(filter(None, parts)) or None
