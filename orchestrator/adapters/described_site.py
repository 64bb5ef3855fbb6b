"""Shorthand as hosts: every name looked up in the GPU table, every count checked."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.adapters.described_gpus import described_gpu, unknown_gpu
from orchestrator.adapters.hardware_shorthand import MOST, GpuItem, HostItem, read_shorthand, wrong
from orchestrator.core.amounts import GIB
from orchestrator.core.gpu_spec import GpuSpec
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.inventory import Gpu, GpuDriver, Host, HostGroup, Inventory, NotAvailable, Site
from orchestrator.core.mig import COMPUTE_SLICES, compute_slices, profiles_of
from orchestrator.core.site import grouped, host_count

NOT_STATED = NotAvailable("not stated in the shorthand")
DEFAULT_CORES = 16
LEAST_MEMORY_GIB = 16  # of a host that is not said to have more; one with GPUs has as much as they have together
DISK_FREE_BYTES = 2000 * GIB
X86 = ("sse4_2", "avx", "avx2", "f16c", "fma", "bmi2")
ARM = ("neon", "dotprod", "i8mm")

Kinds = list[tuple[GpuItem, GpuSpec]]


def parse_hardware(text: str, table: GpuTable) -> Inventory:
    """The one machine of a shorthand; raises SettingsError where it names several, or a GPU that is not known."""
    site = parse_site(text, table)
    if host_count(site) != 1:
        raise wrong(text, f"one host, got {host_count(site):,}")
    return site.hosts[0].inventory


def parse_site(text: str, table: GpuTable) -> Site:
    """All hosts of a shorthand, equal ones as one group."""
    hosts = read_shorthand(text)
    source = f"described: {text.strip()}"
    return grouped(HostGroup(_inventory(host, table, source), host.count) for host in hosts)


def _inventory(host: HostItem, table: GpuTable, source: str) -> Inventory:
    kinds = [(item, _spec(item, table)) for item in host.gpus]
    if sum(item.count for item in host.gpus) > MOST:
        raise wrong(source, f"at most {MOST:,} GPUs in a host")
    unified = _unified(host, kinds)
    gpus = tuple(_gpus(kinds))
    absent = None if gpus else "no NVIDIA GPU: the shorthand names none"
    driver = GpuDriver(NOT_STATED, NOT_STATED, absent=absent)
    return Inventory(_host(host, kinds, unified), driver, gpus, source)


def _spec(item: GpuItem, table: GpuTable) -> GpuSpec:
    spec = table.by_name(item.name)
    if spec is None:
        raise wrong(item.name, unknown_gpu(table, item.name))
    if item.memory_gib is not None and not spec.unified_memory:
        raise wrong(item.name, "a number of GPUs: only a chip with unified memory is said to have so many GB")
    _check_slices(item, spec)
    return spec


def _check_slices(item: GpuItem, spec: GpuSpec) -> None:
    """Refuse profiles that the GPU does not have, and more slices than one GPU can be cut into."""
    known = profiles_of(spec.name)
    for profile, _ in item.slices:
        if profile not in known:
            raise wrong(item.name, f"one of its MIG profiles ({', '.join(known) or 'it has none'}), got {profile}")
    sevenths = sum(compute_slices(profile) * count for profile, count in item.slices)
    size = sum(known[profile] * count for profile, count in item.slices)
    if sevenths > COMPUTE_SLICES or size > spec.memory_bytes:
        raise wrong(item.name, f"slices within one GPU ({COMPUTE_SLICES}g, {spec.memory_bytes // GIB} GiB)")


def _unified(host: HostItem, kinds: Kinds) -> GpuSpec | None:
    """The chip whose memory is the host's; it is alone there, and its memory is said once."""
    specs = [(item, spec) for item, spec in kinds if spec.unified_memory]
    if not specs:
        return None
    item, spec = specs[0]
    if len(kinds) > 1 or item.count > 1:
        raise wrong(item.name, "one such chip a host, for its memory is the host's; several hosts are NAME@2")
    if item.memory_gib is not None and host.memory_gib is not None:
        raise wrong(item.name, "its memory once, e.g. m3-max:96gb")
    return spec


def _gpus(kinds: Kinds) -> Iterator[Gpu]:
    """The GPUs of a host in order; those of an item that has NVLink reach each other."""
    first = 0
    for item, spec in kinds:
        if spec.compute_capability is None:
            continue
        indices = range(first, first + item.count)
        sizes = profiles_of(spec.name)
        slices = tuple((profile, sizes[profile]) for profile, count in item.slices for _ in range(count))
        for index in indices:
            peers = [peer for peer in indices if spec.link_bytes_s and peer != index]
            yield described_gpu(spec, index, peers, slices, NOT_STATED)
        first += item.count


def _host(host: HostItem, kinds: Kinds, unified: GpuSpec | None) -> Host:
    size = _memory_bytes(host, kinds, unified)
    apple = unified is not None and unified.compute_capability is None
    return Host(
        hostname="described",
        cpu_model=unified.products[0] if unified is not None and apple else "not stated",
        cpu_cores=host.cores or DEFAULT_CORES,
        instruction_sets=ARM if unified else X86,
        memory_total_bytes=size,
        memory_available_bytes=size,
        disk_free_bytes=DISK_FREE_BYTES,
        unified_memory=unified is not None,
    )


def _memory_bytes(host: HostItem, kinds: Kinds, unified: GpuSpec | None) -> int:
    """What is said, else the chip's own, else as much as all GPUs have together."""
    said_gib = host.memory_gib or next((item.memory_gib for item, _ in kinds if item.memory_gib), None)
    if said_gib is not None:
        return said_gib * GIB
    if unified is not None:
        return unified.memory_bytes
    return max(LEAST_MEMORY_GIB * GIB, sum(item.count * spec.memory_bytes for item, spec in kinds))
