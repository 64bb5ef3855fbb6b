"""The driver decides which build of vLLM runs, or that none does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.core.fit import fit
from orchestrator.core.inventory import GpuDriver, Inventory, NotAvailable
from orchestrator.core.plan import Fit, Misfit
from orchestrator.core.vllm_options import GdnPrefillBackend
from orchestrator.core.wish import Wish
from tests.core.machines import BY_NAME, H100_80, machine

B200 = ("NVIDIA B200", 180, (10, 0))
NINE = BY_NAME["qwen3.5-9b-bf16"]


def with_driver(inventory: Inventory, version: str | NotAvailable, cuda: str | NotAvailable) -> Inventory:
    return replace(inventory, driver=GpuDriver(version, cuda))


def test_a_driver_older_than_every_build_is_refused_with_both_versions():
    found = fit(NINE, with_driver(machine(H100_80), "470.82", "11.4"), Wish())
    assert isinstance(found, Misfit)
    assert found.reasons[0] == (
        "the driver 470.82 offers CUDA 11.4, and vLLM's builds need CUDA 12 (driver 525 or newer)"
    )


@pytest.mark.parametrize(
    ("cuda", "backend", "noted"),
    [
        ("13.0", GdnPrefillBackend.FLASHINFER, False),
        ("12.8", GdnPrefillBackend.TRITON, True),  # FlashInfer's kernel for Blackwell needs CUDA 13
        (NotAvailable("not stated"), GdnPrefillBackend.FLASHINFER, False),
    ],
)
def test_the_build_decides_the_kernels_that_blackwell_has_and_is_named_where_it_is_not_the_default(
    cuda, backend, noted
):
    found = fit(NINE, with_driver(machine(B200), "570.86", cuda), Wish())
    assert isinstance(found, Fit)
    assert found.vllm.gdn_prefill_backend is backend
    assert any("cu129" in note for note in found.notes) is noted
