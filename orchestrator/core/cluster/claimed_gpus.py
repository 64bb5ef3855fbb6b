"""Devices of ResourceSlices as `Gpu`s, each known by its UUID, and those that claims hold hidden."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.core.cluster.gpus import NOT_TOLD, ONE_POOL, REQUESTED, bare_gpu
from orchestrator.core.cluster.resource_slices import Claimed, SliceDevice
from orchestrator.core.gpu_spec import GpuSpec
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.inventory import Gpu, MigInstance, NotAvailable

NOT_BY_CUDA = "passed through to virtual machines"


def claimed_gpus(node: str, claimed: Claimed, table: GpuTable) -> tuple[Gpu, ...]:
    """GPUs of a node; one of which a part is taken is not whole, though it is published as such too."""
    devices = claimed.devices.get(node, ())
    whole = [device for device in devices if device.kind != "mig"]
    names = {device.uuid for device in whole}
    parents = dict.fromkeys(device.parent or "" for device in devices if device.kind == "mig")
    cut = [parent for parent in parents if parent not in names]
    return (
        *(
            _whole_gpu(index, device, _parts(devices, device.uuid), claimed, table, len(whole))
            for index, device in enumerate(whole)
        ),
        *(
            _cut_gpu(index, parent, _parts(devices, parent), claimed, table)
            for index, parent in enumerate(cut, start=len(whole))
        ),
    )


def _parts(devices: Sequence[SliceDevice], parent: str) -> list[SliceDevice]:
    return [device for device in devices if device.kind == "mig" and device.parent == parent]


def _whole_gpu(
    index: int, device: SliceDevice, parts: Sequence[SliceDevice], claimed: Claimed, table: GpuTable, number: int
) -> Gpu:
    kind = _kind(device, table, device.memory_bytes)
    taken = any(each.key in claimed.taken for each in (device, *parts))
    hidden = NOT_BY_CUDA if device.kind == "vfio" else _hidden(device, taken)
    peers = range(number) if kind is not None and kind.link_bytes_s is not None else ()
    unified = kind is not None and kind.unified_memory
    size = ONE_POOL if unified else device.memory_bytes or (kind.memory_bytes if kind else NOT_TOLD)
    return bare_gpu(index, _name(device, kind), size, _capability(device, kind), peers, hidden, uuid=device.uuid)


def _cut_gpu(index: int, uuid: str, parts: Sequence[SliceDevice], claimed: Claimed, table: GpuTable) -> Gpu:
    first = parts[0]
    kind = _kind(first, table, None)
    slices = tuple(_instance(part, claimed) for part in parts)
    size = kind.memory_bytes if kind else NOT_TOLD
    return bare_gpu(index, _name(first, kind), size, _capability(first, kind), slices=slices, uuid=uuid)


def _instance(part: SliceDevice, claimed: Claimed) -> MigInstance:
    size = part.memory_bytes or NOT_TOLD
    return MigInstance(
        part.uuid, part.profile or "unknown", size, size, hidden=_hidden(part, part.key in claimed.taken)
    )


def _hidden(device: SliceDevice, taken: bool) -> str | None:
    if device.taint is not None:
        return f"tainted {device.taint}"
    return REQUESTED if taken else None


def _kind(device: SliceDevice, table: GpuTable, memory_bytes: int | None) -> GpuSpec | None:
    return table.by_product(device.product or "", memory_bytes or NOT_TOLD)


def _name(device: SliceDevice, kind: GpuSpec | None) -> str | NotAvailable:
    return device.product or (kind.products[0] if kind else NOT_TOLD)


def _capability(device: SliceDevice, kind: GpuSpec | None) -> tuple[int, int] | NotAvailable:
    return device.capability or (kind and kind.compute_capability) or NOT_TOLD
