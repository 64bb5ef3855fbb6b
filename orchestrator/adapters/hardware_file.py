"""Hardware described in a YAML file (`--hardware FILE`), for planning on machines that are not here.

    host: {cpu_model: "EPYC", cpu_cores: 32, memory_gib: 256, disk_free_gib: 500, instruction_sets: [avx2]}
    driver: {driver_version: "580.65", cuda_version: "13.0"}
    gpus:
      - {gpu: rtx-a6000, count: 2}
      - {name: "NVIDIA A100-SXM4-80GB", memory_gib: 80, count: 2, compute_capability: "8.0", nvlink: true}

Many machines are `hosts:`, a list of the above, each with its `count`. Every section is optional; `hardware_entries`
states what stands in for a field that is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from orchestrator.adapters.described_gpus import ONE_POOL, pci_bus_id
from orchestrator.adapters.gpu_table import load_gpus, shipped_gpus_dir
from orchestrator.adapters.hardware_entries import (
    GpuEntry,
    HardwareFile,
    HostEntry,
    MachineEntry,
    MigEntry,
)
from orchestrator.adapters.yaml_file import read_yaml, validate
from orchestrator.core.errors import SettingsError
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.inventory import Gpu, GpuDriver, Host, HostGroup, Inventory, MigInstance, NotAvailable, Site
from orchestrator.core.site import grouped, host_count

GIB = 1024**3
NOT_STATED = NotAvailable("not stated in the hardware file")


def read_hardware(path: Path, table: GpuTable | None = None) -> Inventory:
    """The one machine that a file describes; raises SettingsError with file, line and field."""
    site = read_site(path, table)
    if host_count(site) != 1:
        raise SettingsError(f"{path}: expected one machine, got {host_count(site):,}", hint=f"${{EDITOR:-vi}} {path}")
    return site.hosts[0].inventory


def read_site(path: Path, table: GpuTable | None = None) -> Site:
    """All machines of a file; short names of GPUs are those of `table`, or of the table that comes with qorch."""
    document = read_yaml(path, SettingsError)
    known = load_gpus(shipped_gpus_dir()) if table is None else table
    file = validate(document, HardwareFile, SettingsError, context=known)
    groups = [HostGroup(_inventory(entry, path), entry.count) for entry in file.hosts]
    return grouped(groups or [HostGroup(_inventory(file, path))])


def _inventory(entry: MachineEntry, path: Path) -> Inventory:
    gpus = tuple(_gpus(entry.gpus))
    absent = None if gpus else f"no GPU: {path} lists none"
    versions = entry.driver
    driver = GpuDriver(versions.driver_version or NOT_STATED, versions.cuda_version or NOT_STATED, absent=absent)
    unified = any(gpu.unified_memory for gpu in entry.gpus)
    return Inventory(_host(entry.host, unified), driver, gpus, source=f"file {path}")


def _host(entry: HostEntry, unified: bool) -> Host:
    """The described machine."""
    available_gib = entry.memory_gib if entry.memory_available_gib is None else entry.memory_available_gib
    return Host(
        hostname=entry.hostname,
        cpu_model=entry.cpu_model,
        cpu_cores=entry.cpu_cores,
        instruction_sets=tuple(entry.instruction_sets),
        memory_total_bytes=_gib_to_bytes(entry.memory_gib),
        memory_available_bytes=_gib_to_bytes(available_gib),
        disk_free_bytes=_gib_to_bytes(entry.disk_free_gib),
        unified_memory=entry.unified_memory or unified,
    )


def _gpus(entries: list[GpuEntry]) -> Iterator[Gpu]:
    """Each entry as many times as it counts, with indices that run on from entry to entry."""
    first = 0
    for entry in entries:
        indices = range(first, first + entry.count)
        for index in indices:
            yield _gpu(entry, index, peers=[peer for peer in indices if entry.nvlink and peer != index])
        first += entry.count


def _gpu(entry: GpuEntry, index: int, peers: list[int]) -> Gpu:
    """One described GPU; its ids are made up, and its moving readings are not stated."""
    total_bytes = _gib_to_bytes(entry.memory_gib)
    free_bytes = total_bytes if entry.memory_free_gib is None else _gib_to_bytes(entry.memory_free_gib)
    return Gpu(
        index=index,
        name=entry.name,
        uuid=f"described-{index}",
        pci_bus_id=pci_bus_id(index),
        memory_total_bytes=ONE_POOL if entry.unified_memory else total_bytes,
        memory_used_bytes=ONE_POOL if entry.unified_memory else total_bytes - free_bytes,
        memory_free_bytes=ONE_POOL if entry.unified_memory else free_bytes,
        compute_capability=_capability(entry.compute_capability),
        utilization_percent=NOT_STATED,
        temperature_c=NOT_STATED,
        power_w=NOT_STATED,
        power_limit_w=NOT_STATED,
        ecc_enabled=NOT_STATED,
        mig_enabled=bool(entry.mig),
        mig_instances=tuple(_mig_instances(entry.mig, index)),
        nvlink_peers=tuple(pci_bus_id(peer) for peer in peers),
    )


def _mig_instances(entries: list[MigEntry], gpu_index: int) -> Iterator[MigInstance]:
    """The slices of one GPU, all of their memory free."""
    parts = [entry for entry in entries for _ in range(entry.count)]
    for number, part in enumerate(parts):
        size_bytes = _gib_to_bytes(part.memory_gib)
        yield MigInstance(f"described-{gpu_index}-mig-{number}", part.profile, size_bytes, size_bytes)


def _capability(text: str | None) -> tuple[int, int] | NotAvailable:
    """`8.0` as (8, 0)."""
    if text is None:
        return NOT_STATED
    major, minor = text.split(".")
    return int(major), int(minor)


def _gib_to_bytes(gib: float) -> int:
    """Whole bytes."""
    return int(gib * GIB)
