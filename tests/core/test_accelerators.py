"""What a replica can be put on: GPUs, slices of them, and memory that is shared with the CPU."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.accelerators import METAL_ONLY, devices
from orchestrator.core.inventory import Inventory, MigInstance, NotAvailable
from orchestrator.core.mig import MEMORY_MIB, profiles_of, share
from tests.core.machines import A100_80, A6000, GIB, H100_80, UNKNOWN, gpu, host, machine, with_gpus

MIB = 2**20


def cut(*profiles: str) -> Inventory:
    """An H100 in slices."""
    sizes = profiles_of("h100-80gb")
    parts = tuple(MigInstance(f"MIG-{i}", name, sizes[name], sizes[name]) for i, name in enumerate(profiles))
    card = replace(gpu(0, *H100_80), memory_total_bytes=81559 * MIB, mig_enabled=True, mig_instances=parts)
    return with_gpus(machine(), card)


def test_whole_gpus_have_all_of_themselves() -> None:
    usable, refused = devices(machine(A100_80, A6000))
    assert [(one.gpu_index, one.compute_share, one.bandwidth_share) for one in usable] == [(0, 1, 1), (1, 1, 1)]
    assert (usable[0].kind == usable[1].kind, refused) == (False, ())


def test_equal_slices_are_of_one_kind_and_have_their_part_of_the_gpu() -> None:
    (first, second, third), _ = devices(cut("1g.10gb", "1g.10gb", "3g.40gb"))
    assert first.kind == second.kind != third.kind
    assert (first.uuid, first.mig_profile, first.total_bytes) == ("MIG-0", "1g.10gb", 9984 * MIB)
    assert (first.compute_share, first.bandwidth_share) == (16 / 132, 1 / 8)
    assert (third.compute_share, third.bandwidth_share) == (60 / 132, 4 / 8)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"error": "GPU is lost"}, "GPU 0: GPU is lost"),
        ({"compute_capability": NotAvailable("old driver")}, "GPU 0: compute capability is not known: old driver"),
        ({"memory_free_bytes": UNKNOWN}, "GPU 0: total or free memory is not known"),
        ({"mig_enabled": True}, "GPU 0: MIG is on, and it has no slice"),
        (
            {"mig_enabled": True, "mig_instances": (MigInstance("M", "unknown", GIB, GIB),)},
            "GPU 0, slice M: its profile is 'unknown', so its part of the GPU is not known",
        ),
        (
            {"mig_enabled": True, "mig_instances": (MigInstance("M", "1g.10gb", UNKNOWN, UNKNOWN),)},
            "GPU 0, slice M: its memory or its GPU's is not known",
        ),
    ],
)
def test_what_cannot_be_used_says_why(change: dict[str, object], why: str) -> None:
    assert devices(with_gpus(machine(), replace(gpu(0, *A100_80), **change))) == ((), (why,))  # type: ignore[arg-type]


def test_a_gb10_has_the_memory_of_its_host_and_says_so() -> None:
    card = replace(
        gpu(0, "NVIDIA GB10", 1, (12, 1)),
        memory_total_bytes=UNKNOWN,
        memory_free_bytes=UNKNOWN,
    )
    shared = replace(host(120), unified_memory=True, memory_available_bytes=100 * GIB)
    (one,), _ = devices(replace(machine(), host=shared, gpus=(card,)))
    assert (one.total_bytes, one.free_bytes, one.host_memory) == (120 * GIB, 100 * GIB, True)
    assert one.note == "one memory with the CPU: what either takes, the other lacks"


def test_an_apple_chip_has_three_quarters_of_its_memory_for_metal() -> None:
    chip = replace(host(96), unified_memory=True, cpu_model="Apple M3 Max")
    (one,), _ = devices(replace(machine(), host=chip))
    assert (one.name, one.capability, one.total_bytes, one.note) == ("Apple M3 Max", None, 72 * GIB, METAL_ONLY)


def test_a_host_without_gpus_has_no_device() -> None:
    assert devices(machine()) == ((), ())


def test_a_compute_instance_has_its_part_of_the_gpu_instance() -> None:
    whole = share("3g.40gb", 40 * GIB, 80 * GIB, (9, 0))
    part = share("1c.3g.40gb", 40 * GIB, 80 * GIB, (9, 0))
    assert whole is not None
    assert part is not None
    assert part.compute == pytest.approx(whole.compute / 3)
    assert part.bandwidth == whole.bandwidth


@pytest.mark.parametrize("kind", MEMORY_MIB)
def test_a_larger_profile_never_has_less(kind: str) -> None:
    capability = (8, 0) if kind.startswith("a100") else (9, 0)
    sizes = profiles_of(kind)
    shares = [share(name, size, sizes[max(sizes)] + GIB // 2, capability) for name, size in sizes.items()]
    computes = [one.compute for one in shares if one]
    assert computes == sorted(computes)
    assert all(one is not None and 0 < one.compute <= 1 and 0 < one.bandwidth <= 1 for one in shares)


@given(st.text(max_size=12), st.integers(1, 2**40), st.integers(1, 2**40))
def test_a_share_is_a_share_or_not_known(profile: str, size: int, whole: int) -> None:
    found = share(profile, size, whole, (8, 0))
    assert found is None or (0 < found.compute <= 1 and 0 < found.bandwidth <= 1)
