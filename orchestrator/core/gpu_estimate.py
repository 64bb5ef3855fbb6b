"""What a GPU can do that no table knows, from the clocks, the bus width and the cores that NVML tells."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.gpu_spec import GpuSpec
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.inventory import Gpu, NotAvailable

TRANSFERS_PER_CLOCK = 2  # NVML's memory clock is that of a double data rate, also for GDDR6X, GDDR7 and HBM
NATIVE_FP8 = (8, 9)
FP8_OVER_BF16 = 2
GEFORCE_SHARE = 0.5  # GeForce tensor cores accumulate in float32 at half rate (NVIDIA Turing to Blackwell papers)


@dataclass(frozen=True)
class SmRate:
    """What one streaming multiprocessor has."""

    cores: int  # CUDA cores, which NVML counts
    flops_per_clock: int  # dense float16 with float32 accumulate, on its tensor cores


SM_RATES = {
    (7, 0): SmRate(64, 1024),
    (7, 5): SmRate(64, 1024),
    (8, 0): SmRate(64, 2048),
    (8, 6): SmRate(128, 1024),
    (8, 9): SmRate(128, 1024),
    (9, 0): SmRate(128, 4096),
    (10, 0): SmRate(128, 8192),
    (10, 3): SmRate(128, 8192),
    (12, 0): SmRate(128, 1024),
    (12, 1): SmRate(128, 1024),
}  # NVIDIA's architecture white papers, Volta to Blackwell

READINGS = {
    "memory_total_bytes": "memory",
    "memory_clock_mhz": "memory clock",
    "memory_bus_width_bits": "memory bus width",
    "core_count": "number of cores",
    "sm_clock_mhz": "SM clock",
}  # what an estimate is made of, and its name


def spec_of(gpu: Gpu, table: GpuTable) -> GpuSpec | NotAvailable:
    """What the GPU can do: by the table where it has the product, else estimated, else why it is not known."""
    known = table.by_product(gpu.name, gpu.memory_total_bytes) if isinstance(gpu.name, str) else None
    return known or estimate(gpu)


def estimate(gpu: Gpu) -> GpuSpec | NotAvailable:
    """Bandwidth as memory clock x bus width x 2 / 8, FLOP/s as SMs x highest SM clock x FLOP of an SM in a clock.

    NVML's highest clock is above the boost clock of data sheets, so FLOP/s come out up to 30 % too high.
    """
    name = gpu.name if isinstance(gpu.name, str) else "unnamed GPU"
    missing = _missing(gpu)
    if missing:
        return NotAvailable(f"{name} is in no table, and NVML does not tell its {', '.join(missing)}")
    assert isinstance(gpu.compute_capability, tuple)
    rate = SM_RATES.get(gpu.compute_capability)
    if rate is None:
        return NotAvailable(f"{name} is in no table, and no rate is known of compute capability {_dotted(gpu)}")
    return _estimated(gpu, name, gpu.compute_capability, rate)


def _estimated(gpu: Gpu, name: str, capability: tuple[int, int], rate: SmRate) -> GpuSpec:
    memory_bytes, memory_clock_mhz, bus_bits, cores, sm_clock_mhz = (getattr(gpu, field) for field in READINGS)
    flops = cores / rate.cores * sm_clock_mhz * 1e6 * rate.flops_per_clock * _share(name)
    return GpuSpec(
        name=name.lower().removeprefix("nvidia ").replace(" ", "-"),
        products=(name,),
        memory_bytes=memory_bytes,
        compute_capability=capability,
        bandwidth_bytes_s=memory_clock_mhz * 1e6 * TRANSFERS_PER_CLOCK * bus_bits / 8,
        bf16_flops=flops,
        fp8_flops=FP8_OVER_BF16 * flops if capability >= NATIVE_FP8 else None,
        link_bytes_s=None,
        unified_memory=False,
        source=(
            f"estimated from NVML: memory {memory_clock_mhz:,} MHz x {bus_bits:,} bit, "
            f"{cores // rate.cores} SMs at up to {sm_clock_mhz:,} MHz x {rate.flops_per_clock:,} FLOP"
        ),
        estimated=True,
    )


def _missing(gpu: Gpu) -> list[str]:
    """The readings that an estimate lacks, by name."""
    words = {**READINGS, "compute_capability": "compute capability"}
    return [word for field, word in words.items() if isinstance(getattr(gpu, field), NotAvailable)]


def _share(name: str) -> float:
    """The part of a tensor core's full rate that is left with float32 accumulate."""
    return GEFORCE_SHARE if "geforce" in name.lower() else 1.0


def _dotted(gpu: Gpu) -> str:
    return ".".join(map(str, gpu.compute_capability)) if isinstance(gpu.compute_capability, tuple) else "unknown"
