"""What NVML's readings say of a GPU, against the data sheets of those that the table has."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.gpu_table import load_gpus, shipped_gpus_dir
from orchestrator.core.gpu_estimate import estimate, spec_of
from orchestrator.core.gpu_spec import GpuSpec
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.inventory import Gpu, NotAvailable
from tests.core.machines import gpu

TABLE = load_gpus(shipped_gpus_dir())
READ = {  # memory clock MHz, bus bits, CUDA cores, highest SM clock MHz, by `nvidia-smi -q`
    "t4": (5001, 256, 2560, 1590),
    "v100-32gb": (877, 4096, 5120, 1530),
    "a100-40gb": (1215, 5120, 6912, 1410),
    "a100-80gb": (1593, 5120, 6912, 1410),
    "rtx-a6000": (8001, 384, 10752, 2100),
    "rtx-3090": (9751, 384, 10496, 2100),
    "rtx-4090": (10501, 384, 16384, 3105),
    "l4": (6251, 192, 7424, 2040),
    "l40s": (9001, 384, 18176, 2520),
    "h100-80gb": (2619, 5120, 16896, 1980),
    "h200": (3201, 6144, 16896, 1980),
    "b200": (3996, 7680, 18944, 1965),
    "rtx-5090": (14001, 512, 21760, 3090),
}


def readings(spec: GpuSpec, *values: int) -> Gpu:
    """A GPU of a kind that tells these readings."""
    assert spec.compute_capability is not None
    names = ("memory_clock_mhz", "memory_bus_width_bits", "core_count", "sm_clock_mhz")
    card = gpu(0, spec.products[0], spec.memory_bytes / 2**30, spec.compute_capability)
    return replace(card, **dict(zip(names, values, strict=True)))


@pytest.mark.parametrize("name", READ)
def test_bandwidth_is_that_of_the_data_sheet_and_flops_are_at_most_a_third_above(name: str) -> None:
    spec = TABLE.specs[name]
    found = estimate(readings(spec, *READ[name]))
    assert isinstance(found, GpuSpec)
    assert found.bandwidth_bytes_s == pytest.approx(spec.bandwidth_bytes_s, rel=0.03)
    assert 0.97 <= found.bf16_flops / spec.bf16_flops <= 1.33
    assert (found.fp8_flops is None) is (spec.fp8_flops is None)


def test_an_estimate_says_that_it_is_one_and_of_what() -> None:
    card = replace(readings(TABLE.specs["a100-80gb"], *READ["a100-80gb"]), name="NVIDIA Q9000 Prototype")
    found = spec_of(card, TABLE)
    assert isinstance(found, GpuSpec)
    assert (found.name, found.estimated) == ("q9000-prototype", True)
    assert found.source == "estimated from NVML: memory 1,593 MHz x 5,120 bit, 108 SMs at up to 1,410 MHz x 2,048 FLOP"


def test_the_table_goes_before_an_estimate() -> None:
    card = readings(TABLE.specs["a100-80gb"], 1, 1, 64, 1)
    assert spec_of(card, TABLE) == TABLE.specs["a100-80gb"]


def test_readings_that_nvml_does_not_give_leave_the_rates_unknown_with_the_reason() -> None:
    found = spec_of(gpu(0, "NVIDIA Q9000", 24, (8, 9)), TABLE)
    assert found == NotAvailable(
        "NVIDIA Q9000 is in no table, and NVML does not tell "
        "its memory clock, memory bus width, number of cores, SM clock"
    )


def test_a_capability_that_is_not_known_leaves_the_rates_unknown() -> None:
    card = replace(readings(TABLE.specs["l4"], *READ["l4"]), compute_capability=(99, 0))
    assert estimate(card) == NotAvailable("NVIDIA L4 is in no table, and no rate is known of compute capability 99.0")


@given(st.tuples(*[st.integers(1, 100_000)] * 4), st.integers(0, 3))
def test_more_of_a_reading_never_means_less(values: tuple[int, ...], which: int) -> None:
    more = tuple(value + (place == which) * 1000 for place, value in enumerate(values))
    less_spec, more_spec = (estimate(readings(TABLE.specs["l4"], *each)) for each in (values, more))
    assert isinstance(less_spec, GpuSpec)
    assert isinstance(more_spec, GpuSpec)
    assert more_spec.bandwidth_bytes_s >= less_spec.bandwidth_bytes_s
    assert more_spec.bf16_flops >= less_spec.bf16_flops


def test_an_empty_table_knows_nothing() -> None:
    assert (GpuTable().by_name("l4"), GpuTable().near("l4")) == (None, ())
