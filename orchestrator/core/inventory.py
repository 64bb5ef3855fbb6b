"""What hardware exists: `Inventory` = one `Host` and its `Gpu`s, as seen at one moment.

A value that the driver or the kernel cannot give is a `NotAvailable` with its reason, never a zero.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NotAvailable:
    """A reading that could not be had, and why."""

    reason: str


NOT_READ = NotAvailable("not read")


@dataclass(frozen=True)
class GpuProcess:
    """One process that holds memory of a GPU or slice."""

    pid: int
    used_bytes: int | NotAvailable
    user: str | NotAvailable = NOT_READ
    command: str | NotAvailable = NOT_READ


@dataclass(frozen=True)
class MigInstance:
    """One slice of a GPU under Multi-Instance GPU."""

    uuid: str
    profile: str  # as NVIDIA names it, e.g. "1g.10gb"
    memory_total_bytes: int | NotAvailable
    memory_free_bytes: int | NotAvailable
    processes: tuple[GpuProcess, ...] | NotAvailable = NOT_READ
    hidden: str | None = None


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU as NVML tells it; `error` is set when it does not answer, `hidden` when we are not to use it."""

    index: int
    name: str | NotAvailable
    uuid: str | NotAvailable
    pci_bus_id: str | NotAvailable
    memory_total_bytes: int | NotAvailable
    memory_used_bytes: int | NotAvailable
    memory_free_bytes: int | NotAvailable
    compute_capability: tuple[int, int] | NotAvailable
    utilization_percent: int | NotAvailable
    temperature_c: int | NotAvailable
    power_w: float | NotAvailable
    power_limit_w: float | NotAvailable
    ecc_enabled: bool | NotAvailable
    mig_enabled: bool | NotAvailable
    mig_instances: tuple[MigInstance, ...] = ()
    nvlink_peers: tuple[str, ...] = ()  # PCI bus ids of the GPUs at the other end
    error: str | None = None
    memory_clock_mhz: int | NotAvailable = NOT_READ  # the highest
    memory_bus_width_bits: int | NotAvailable = NOT_READ
    core_count: int | NotAvailable = NOT_READ  # CUDA cores
    sm_clock_mhz: int | NotAvailable = NOT_READ  # the highest
    processes: tuple[GpuProcess, ...] | NotAvailable = NOT_READ
    hidden: str | None = None
    throttled: str | NotAvailable = NOT_READ  # why its clocks are held down; empty where they are not
    minor_number: int | NotAvailable = NOT_READ  # of its device file on its host; in a container `index` is another


@dataclass(frozen=True)
class GpuDriver:
    """The NVIDIA driver; where it is missing, `absent` says why in plain words ("no GPU: …")."""

    driver_version: str | NotAvailable
    cuda_version: str | NotAvailable  # "13.0"
    absent: str | None = None


@dataclass(frozen=True)
class Host:
    """The machine; memory and cores are those that this process may use (cgroup limits respected)."""

    hostname: str
    cpu_model: str
    cpu_cores: int
    instruction_sets: tuple[str, ...]  # those that llama.cpp has kernels for, e.g. "avx2", "avx512_vnni"
    memory_total_bytes: int
    memory_available_bytes: int
    disk_free_bytes: int
    unified_memory: bool = False  # CPU and GPU share one memory (Apple silicon, GB10)


@dataclass(frozen=True)
class Inventory:
    """One host with its GPUs; `source` says whether it was probed or read from a file."""

    host: Host
    driver: GpuDriver
    gpus: tuple[Gpu, ...]
    source: str = "probed"


@dataclass(frozen=True)
class NodePool:
    """Like nodes of a cluster, by name, and the labels that tell them from other nodes."""

    nodes: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class HostGroup:
    """Equal hosts, of which `inventory` describes one."""

    inventory: Inventory
    count: int = 1
    pool: NodePool | None = None  # where they are a cluster's


@dataclass(frozen=True)
class Site:
    """All hosts that may be planned on, equal ones together."""

    hosts: tuple[HostGroup, ...]


def one_host(inventory: Inventory) -> Site:
    return Site((HostGroup(inventory),))
