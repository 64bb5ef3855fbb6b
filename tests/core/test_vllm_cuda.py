"""The driver decides which build of vLLM runs, or that none does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.fit import fit
from orchestrator.core.inventory import GpuDriver, Inventory, NotAvailable
from orchestrator.core.plan import Fit, Misfit
from orchestrator.core.vllm_cuda import OLDER_BUILD, build_finding, built_for
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


@pytest.mark.parametrize(
    ("version", "torch_cuda", "cuda"),
    [
        ("0.33.0+cu129", None, "12.9"),
        ("0.33.1rc1.dev7+g1a2b3c.cu130", "13.0", "13.0"),
        ("0.33.0", "13.0", "13.0"),
        ("0.33.0+cu129", "13.0", "12.9"),
        ("0.32.0+cpu", None, None),
        ("0.33.0+rocm723", None, None),
    ],
)
def test_the_cuda_of_a_build_is_in_its_version_or_its_pytorchs(version, torch_cuda, cuda):
    assert built_for(version, torch_cuda) == cuda


@pytest.mark.parametrize(("cuda", "hint"), [("12.8", OLDER_BUILD), ("11.4", "nvidia-smi")])
def test_the_other_build_is_named_where_the_driver_runs_that(cuda, hint):
    finding = build_finding(GpuDriver("570.86", cuda), 13)
    assert finding is not None
    assert finding.hint == hint


@given(st.integers(12, 14), st.integers(11, 14))
def test_a_driver_runs_the_builds_of_its_own_and_of_older_versions(build, offered):
    assert (build_finding(GpuDriver("x", f"{offered}.1"), build) is None) is (offered >= build)
