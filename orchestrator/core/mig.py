"""Multi-Instance GPU: what a slice has of its GPU, by NVIDIA's MIG user guide and `nvidia-smi mig -lgip`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from orchestrator.core.amounts import MIB

COMPUTE_SLICES = 7
MEMORY_SLICES = 8
PROFILE = re.compile(r"(?:(\d)c\.)?([1-7])g\.(\d+)gb(?:\+\S+)?")

MEMORY_MIB = {
    "a100-40gb": {
        "1g.5gb": 4864,
        "1g.10gb": 9984,
        "2g.10gb": 9984,
        "3g.20gb": 20096,
        "4g.20gb": 20096,
        "7g.40gb": 40192,
    },
    "a100-80gb": {
        **{"1g.10gb": 9728, "1g.20gb": 19968, "2g.20gb": 19968},
        **{"3g.40gb": 40192, "4g.40gb": 40192, "7g.80gb": 81152},
    },
    "h100-80gb": {
        **{"1g.10gb": 9984, "1g.20gb": 20096, "2g.20gb": 20096},
        **{"3g.40gb": 40448, "4g.40gb": 40448, "7g.80gb": 81152},
    },
    "h200": {
        **{"1g.18gb": 16384, "1g.35gb": 33024, "2g.35gb": 33024},
        **{"3g.71gb": 71168, "4g.71gb": 71168, "7g.141gb": 143104},
    },
}  # kind of GPU -> profile -> usable MiB; drivers differ by some 100 MiB
SAME_PROFILES = {"a100-40gb-pcie": "a100-40gb", "a100-80gb-pcie": "a100-80gb", "h100-80gb-pcie": "h100-80gb"}

MULTIPROCESSORS = {
    (8, 0): {1: 14, 2: 28, 3: 42, 4: 56, 7: 98},  # of 108: ten lie idle under MIG
    (9, 0): {1: 16, 2: 32, 3: 60, 4: 64, 7: 132},  # of 132
}  # compute capability -> g of the profile -> SMs of the slice
ALL_MULTIPROCESSORS = {(8, 0): 108, (9, 0): 132}  # A100; H100 SXM, H200


@dataclass(frozen=True)
class MigShare:
    """What a slice has of its GPU, 0..1."""

    compute: float
    bandwidth: float


def profiles_of(kind: str) -> dict[str, int]:
    """The profiles that a kind of GPU can be cut into, with their bytes; none where it is not known to have MIG."""
    return {name: mib * MIB for name, mib in MEMORY_MIB.get(SAME_PROFILES.get(kind, kind), {}).items()}


def compute_slices(profile: str) -> int:
    """The sevenths that a profile takes: 3 of "3g.40gb"."""
    parts = PROFILE.fullmatch(profile)
    return int(parts[2]) if parts else COMPUTE_SLICES


def share(profile: str, memory_bytes: int, gpu_memory_bytes: int, capability: tuple[int, int]) -> MigShare | None:
    """SMs by the table, else sevenths; bandwidth as eighths of the memory; None for a profile of no known form."""
    parts = PROFILE.fullmatch(profile)
    if parts is None:
        return None
    slices = int(parts[2])
    all_sms = ALL_MULTIPROCESSORS.get(capability, COMPUTE_SLICES)
    compute = MULTIPROCESSORS.get(capability, {}).get(slices, all_sms * slices / COMPUTE_SLICES) / all_sms
    part = int(parts[1]) / slices if parts[1] else 1.0  # a compute instance, e.g. 1c.3g.40gb, has a part of the SMs
    eighths = min(MEMORY_SLICES, max(1, -(-memory_bytes * MEMORY_SLICES // gpu_memory_bytes)))
    return MigShare(compute * part, eighths / MEMORY_SLICES)
