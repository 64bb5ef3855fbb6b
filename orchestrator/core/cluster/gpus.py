"""A node's devices as `Gpu`s; which of equal ones its pods have is not told, so the last ones count as taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from orchestrator.core.cluster.gpu_kind import kind_of
from orchestrator.core.cluster.gpu_labels import Devices
from orchestrator.core.cluster.node import Node
from orchestrator.core.cluster.quantity import Amounts
from orchestrator.core.gpu_spec import GpuSpec
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.inventory import Gpu, MigInstance, NotAvailable
from orchestrator.core.mig import COMPUTE_SLICES, compute_slices, profiles_of

NOT_TOLD = NotAvailable("not told by the cluster")
ONE_POOL = NotAvailable("shares the host's memory")
CLIQUE = "nvidia.com/gpu.clique"  # of GPUs that one NVLink fabric joins

REQUESTED = "requested by other pods"
NOT_OFFERED = "not allocatable: its device plugin does not offer it, or found it unhealthy"
UNNAMED = "no label tells what it is"
INVALID_MIG = "its node is cut into unlike MIG slices, which strategy single cannot offer"


def gpus_of(found: Sequence[Devices], node: Node, requested: Amounts, table: GpuTable) -> tuple[Gpu, ...]:
    """All GPUs of a node; those that cannot be planned on are hidden, with the reason."""
    numbers = count()
    return tuple(gpu for devices in found for gpu in _gpus(devices, node, requested, table, numbers))


def _gpus(devices: Devices, node: Node, requested: Amounts, table: GpuTable, numbers: Iterator[int]) -> Iterator[Gpu]:
    kind = kind_of(devices, node, table)
    hidden = _hidden(devices, kind, int(requested.get(devices.resource, 0)))
    if devices.mig_profile is None or devices.mig_profile == "INVALID":
        first = next(numbers)
        indices = [first, *(next(numbers) for _ in hidden[1:])]
        peers = indices if kind is not None and _linked(node, kind) else []
        yield from (_gpu(devices, kind, index, peers, why) for index, why in zip(indices, hidden, strict=True))
    else:
        each = _slices_a_gpu(devices, kind)
        parts = (hidden[start : start + each] for start in range(0, len(hidden), each))
        yield from (_cut_gpu(devices, kind, next(numbers), part) for part in parts)


def _hidden(devices: Devices, kind: GpuSpec | None, requested: int) -> list[str | None]:
    """For each device why it is not to be planned on; the free ones first."""
    free = max(0, devices.allocatable - requested)
    every = _unusable(devices, kind)
    taken = devices.allocatable - free
    return [*[every] * free, *[every or REQUESTED] * taken, *[NOT_OFFERED] * (devices.there - devices.allocatable)]


def _unusable(devices: Devices, kind: GpuSpec | None) -> str | None:
    """What is wrong with all of them."""
    if devices.barred is not None:
        return devices.barred
    if devices.mig_profile == "INVALID":
        return INVALID_MIG
    if devices.replicas > 1:
        return f"shared by up to {devices.replicas} pods, between which nothing divides its memory"
    return None if devices.product is not None or kind is not None else UNNAMED


def _linked(node: Node, kind: GpuSpec) -> bool:
    return kind.link_bytes_s is not None or CLIQUE in node.labels


def _slices_a_gpu(devices: Devices, kind: GpuSpec | None) -> int:
    """As many as it has sevenths for, and memory."""
    profile = devices.mig_profile or ""
    by_compute = COMPUTE_SLICES // compute_slices(profile)
    size = _slice_bytes(devices, kind)
    by_memory = kind.memory_bytes // size if kind and size else by_compute
    return max(1, min(by_compute, by_memory))


def _slice_bytes(devices: Devices, kind: GpuSpec | None) -> int | None:
    """By the label, else by the table."""
    return devices.memory_bytes or (profiles_of(kind.name).get(devices.mig_profile or "") if kind else None)


def _cut_gpu(devices: Devices, kind: GpuSpec | None, index: int, hidden: Sequence[str | None]) -> Gpu:
    """A GPU of which so many slices are there."""
    profile, size = devices.mig_profile or "", _slice_bytes(devices, kind) or NOT_TOLD
    slices = tuple(
        MigInstance(f"{profile}:{index}:{number}", profile, size, size, hidden=why) for number, why in enumerate(hidden)
    )
    whole_bytes = kind.memory_bytes if kind else NOT_TOLD
    return bare_gpu(index, _name(devices, kind), whole_bytes, _capability(devices, kind), slices=slices)


def _gpu(devices: Devices, kind: GpuSpec | None, index: int, peers: Sequence[int], hidden: str | None) -> Gpu:
    size: int | NotAvailable = devices.memory_bytes or (kind.memory_bytes if kind else NOT_TOLD)
    if kind is not None and kind.unified_memory:
        size = ONE_POOL
    return bare_gpu(index, _name(devices, kind), size, _capability(devices, kind), peers, hidden)


def _name(devices: Devices, kind: GpuSpec | None) -> str | NotAvailable:
    return kind.products[0] if kind else devices.product or NOT_TOLD


def _capability(devices: Devices, kind: GpuSpec | None) -> tuple[int, int] | NotAvailable:
    return devices.capability or (kind and kind.compute_capability) or NOT_TOLD


def bare_gpu(
    index: int,
    name: str | NotAvailable,
    memory_bytes: int | NotAvailable,
    capability: tuple[int, int] | NotAvailable,
    linked: Iterable[int] = (),
    hidden: str | None = None,
    slices: tuple[MigInstance, ...] = (),
    uuid: str | NotAvailable = NOT_TOLD,
) -> Gpu:
    """A GPU of which a cluster tells the kind, and no reading; `linked` are the indices that NVLink joins."""
    return Gpu(
        index=index,
        name=name,
        uuid=uuid,
        pci_bus_id=_bus_id(index),
        memory_total_bytes=memory_bytes,
        memory_used_bytes=0 if isinstance(memory_bytes, int) else memory_bytes,
        memory_free_bytes=memory_bytes,
        compute_capability=capability,
        utilization_percent=NOT_TOLD,
        temperature_c=NOT_TOLD,
        power_w=NOT_TOLD,
        power_limit_w=NOT_TOLD,
        ecc_enabled=NOT_TOLD,
        mig_enabled=bool(slices),
        mig_instances=slices,
        nvlink_peers=tuple(_bus_id(peer) for peer in linked if peer != index),
        hidden=hidden,
    )


def _bus_id(index: int) -> str:
    """A made-up id, so that NVLink peers can name each other."""
    return f"node:{index}"
