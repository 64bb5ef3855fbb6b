"""Machines and profiles for tests: described in a line, with everything at hand unless a test takes it away."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from orchestrator.adapters.gpu_table import load_gpus, shipped_gpus_dir
from orchestrator.adapters.profile_files import load_profiles, shipped_profiles_dir
from orchestrator.adapters.speed_files import load_speeds, shipped_speeds_dir
from orchestrator.core.choose import choose
from orchestrator.core.device import Device
from orchestrator.core.inventory import Gpu, GpuDriver, Host, Inventory, NotAvailable, one_host
from orchestrator.core.plan import Availability, Engines, FitPlan
from orchestrator.core.predict import Predictor
from orchestrator.core.profile import EngineName, Profile
from orchestrator.core.wish import Wish

GIB = 2**30
PROFILES = load_profiles(shipped_profiles_dir())
PREDICT = Predictor(load_gpus(shipped_gpus_dir()), load_speeds(shipped_speeds_dir()))
BY_NAME = {profile.name: profile for profile in PROFILES}
UNKNOWN = NotAvailable("not stated")
HERE = Availability(obtainable=True, on_disk=True, reason="here")
FETCHABLE = Availability(obtainable=True, on_disk=False, reason="can be fetched")
NOWHERE = Availability(obtainable=False, on_disk=False, reason="no route to the hub")
ENGINES = dict.fromkeys(product(EngineName, Device), HERE)

A100_80 = ("NVIDIA A100-SXM4-80GB", 80, (8, 0))
H100_80 = ("NVIDIA H100 80GB HBM3", 80, (9, 0))
A6000 = ("NVIDIA RTX A6000", 48, (8, 6))
RTX_4090 = ("NVIDIA GeForce RTX 4090", 24, (8, 9))
T4 = ("Tesla T4", 16, (7, 5))
V100 = ("Tesla V100-SXM2-32GB", 32, (7, 0))


def host(memory_gib: float = 128, cores: int = 16, disk_gib: float = 2000) -> Host:
    memory_bytes = int(memory_gib * GIB)
    return Host(
        hostname="test",
        cpu_model="test",
        cpu_cores=cores,
        instruction_sets=("avx2",),
        memory_total_bytes=memory_bytes,
        memory_available_bytes=memory_bytes,
        disk_free_bytes=int(disk_gib * GIB),
    )


def gpu(index: int, name: str, memory_gib: float, capability: tuple[int, int], free_gib: float | None = None) -> Gpu:
    total = int(memory_gib * GIB)
    free = total if free_gib is None else int(free_gib * GIB)
    return Gpu(
        index=index,
        name=name,
        uuid=f"GPU-{index}",
        pci_bus_id=f"0000:{index:02x}:00.0",
        memory_total_bytes=total,
        memory_used_bytes=total - free,
        memory_free_bytes=free,
        compute_capability=capability,
        utilization_percent=UNKNOWN,
        temperature_c=UNKNOWN,
        power_w=UNKNOWN,
        power_limit_w=UNKNOWN,
        ecc_enabled=UNKNOWN,
        mig_enabled=False,
    )


def machine(*gpus: tuple[str, float, tuple[int, int]], memory_gib: float = 128, cores: int = 16) -> Inventory:
    driver = GpuDriver("580.65", "13.0", absent=None if gpus else "no GPU: there is no NVIDIA driver")
    cards = tuple(gpu(index, *card) for index, card in enumerate(gpus))
    return Inventory(host(memory_gib, cores), driver, cards, source="test")


def with_gpus(inventory: Inventory, *gpus: Gpu) -> Inventory:
    return replace(inventory, gpus=gpus)


def everywhere(availability: Availability, profiles: tuple[Profile, ...] = PROFILES) -> dict[str, Availability]:
    """The same answer for every profile; a stand-in is made on the spot, and so can always be had."""
    return {p.name: HERE if p.model.status == "stand-in" else availability for p in profiles}


def plan_for(
    inventory: Inventory,
    wish: Wish = Wish(),  # noqa: B008 (frozen)
    weights: Availability = FETCHABLE,
    engines: Engines = ENGINES,
    profiles: tuple[Profile, ...] = PROFILES,
) -> FitPlan:
    return choose(profiles, one_host(inventory), wish, everywhere(weights, profiles), engines, PREDICT)
