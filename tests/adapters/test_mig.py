"""The names of MIG slices, against NVIDIA's MIG user guide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.adapters.mig import mig_profile

MIB = 1024**2


@pytest.mark.parametrize(
    ("gpu_mib", "slices", "memory_mib", "profile"),
    [
        (40536, (1, 1), 4864, "1g.5gb"),
        (40536, (7, 7), 40192, "7g.40gb"),
        (81920, (1, 1), 9728, "1g.10gb"),
        (81920, (7, 7), 81152, "7g.80gb"),
        (81920, (3, 1), 40192, "1c.3g.40gb"),
        (24576, (1, 1), 5952, "1g.6gb"),
    ],
)
def test_a_slice_is_named_as_nvidia_names_it(
    gpu_mib: int, slices: tuple[int, int], memory_mib: int, profile: str
) -> None:
    assert mig_profile(*slices, memory_mib, gpu_mib * MIB) == profile


@given(memory_mib=st.integers(1, 81920), slices=st.integers(1, 7))
def test_a_slice_is_never_named_smaller_than_it_is(memory_mib: int, slices: int) -> None:
    named_gib = int(mig_profile(slices, slices, memory_mib, 81920 * MIB).split(".")[1].removesuffix("gb"))
    assert memory_mib / 1024 <= named_gib <= 80
