"""GPUs by dynamic resource allocation: what NVIDIA's driver publishes in ResourceSlices, less what claims hold.

Unlike labels, these name each device, so it is known which of them are taken.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orchestrator.core.cluster.quantity import mapping, mappings, quantity

DRIVER = "gpu.nvidia.com"
BARRING = ("NoSchedule", "NoExecute")

DeviceKey = tuple[str, str]  # pool and device


@dataclass(frozen=True)
class SliceDevice:
    """A GPU, or a MIG slice with its GPU's UUID as `parent`."""

    key: DeviceKey
    kind: str  # gpu, mig, vfio
    product: str | None
    uuid: str
    memory_bytes: int | None
    capability: tuple[int, int] | None
    pci_bus_id: str | None
    profile: str | None = None
    parent: str | None = None
    taint: str | None = None
    driver_version: str | None = None


@dataclass(frozen=True)
class Claimed:
    """Devices that are published, by node, and those that claims hold."""

    devices: Mapping[str, tuple[SliceDevice, ...]] = field(default_factory=dict)
    taken: frozenset[DeviceKey] = frozenset()


NOTHING_CLAIMED = Claimed()


def read_slices(slices: Iterable[Mapping[str, Any]], claims: Iterable[Mapping[str, Any]]) -> Claimed:
    """The devices of each node's newest generation; a driver that changes a pool leaves the old slices for a while."""
    specs = [mapping(each.get("spec")) for each in slices]
    ours = [spec for spec in specs if spec.get("driver") == DRIVER and spec.get("nodeName")]
    newest: dict[str, int] = {}
    for spec in ours:
        pool, generation = _pool(spec)
        newest[pool] = max(generation, newest.get(pool, generation))
    found: dict[str, list[SliceDevice]] = defaultdict(list)
    for spec in ours:
        pool, generation = _pool(spec)
        if generation == newest[pool]:
            found[str(spec["nodeName"])] += [_device(pool, device) for device in mappings(spec.get("devices"))]
    return Claimed({node: tuple(devices) for node, devices in found.items()}, frozenset(_taken(claims)))


def _pool(spec: Mapping[str, Any]) -> tuple[str, int]:
    pool = mapping(spec.get("pool"))
    generation = pool.get("generation")
    return str(pool.get("name", "")), generation if isinstance(generation, int) else 0


def _device(pool: str, device: Mapping[str, Any]) -> SliceDevice:
    """A device of resource.k8s.io/v1; v1beta1 has all but the name in `basic`."""
    body = mapping(device.get("basic")) or device
    told = {str(name).rpartition("/")[2]: _value(value) for name, value in mapping(body.get("attributes")).items()}
    memory = quantity(mapping(mapping(body.get("capacity")).get("memory")).get("value"))
    barring = [taint for taint in mappings(body.get("taints")) if taint.get("effect") in BARRING]
    return SliceDevice(
        key=(pool, str(device.get("name", ""))),
        kind=told.get("type") or "gpu",
        product=told.get("productName"),
        uuid=told.get("uuid") or str(device.get("name", "")),
        memory_bytes=int(memory) if memory else None,
        capability=_capability(told.get("cudaComputeCapability")),
        pci_bus_id=told.get("pcieBusID") or told.get("pciBusID"),
        profile=told.get("profile"),
        parent=told.get("parentUUID"),
        taint=str(barring[0].get("key")) if barring else None,
        driver_version=told.get("driverVersion"),
    )


def _value(attribute: Any) -> str:
    """An attribute has one of `string`, `version`, `int`, `bool`."""
    return next((str(value) for value in mapping(attribute).values()), "")


def _capability(version: str | None) -> tuple[int, int] | None:
    """`9.0.0`, a semantic version, as (9, 0)."""
    parts = re.match(r"(\d{1,2})\.(\d{1,2})", version or "", re.ASCII)
    return (int(parts[1]), int(parts[2])) if parts else None


def _taken(claims: Iterable[Mapping[str, Any]]) -> Iterable[DeviceKey]:
    for claim in claims:
        devices = mapping(mapping(mapping(claim.get("status")).get("allocation")).get("devices"))
        for result in mappings(devices.get("results")):
            if result.get("driver") == DRIVER and result.get("adminAccess") is not True:
                yield str(result.get("pool", "")), str(result.get("device", ""))
