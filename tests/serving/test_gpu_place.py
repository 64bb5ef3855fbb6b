"""A replica's GPUs over the real pynvml, on a stand-in for the driver's library."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrator.adapters.gpu_claims import holders
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.errors import DeployFailed
from orchestrator.serving.gpu_place import take_gpus
from tests.adapters.nvml_stand_in import A100, NvmlStandIn
from tests.vllm_stand_in import vllm_stand_in

pytestmark = pytest.mark.anyio
ONE, TWO = A100 | {"uuid": "GPU-one"}, A100 | {"uuid": "GPU-two", "pci": "00000000:08:00.0"}
GIB = 2**30


@pytest.fixture
def nvml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NvmlStandIn:
    stand_in = NvmlStandIn(tmp_path)
    stand_in.take_the_drivers_place(monkeypatch)
    return stand_in


@pytest.fixture
def on_gpus(spec: EngineSpec) -> Iterator[EngineSpec]:
    """Replicas of one GPU each, on two."""
    with tempfile.TemporaryDirectory() as claims:
        yield replace(
            spec, gpu_sets=(("GPU-one",), ("GPU-two",)), gpu_free_bytes=40 * GIB, gpu_memory_utilization=0.9,
            claims_dir=claims,
        )  # fmt: skip


async def test_each_replica_sees_only_its_own_gpu_and_one_too_many_is_told_who_has_them(
    nvml: NvmlStandIn, on_gpus: EngineSpec
) -> None:
    nvml.answer(ONE, TWO)
    first, claim = await take_gpus(on_gpus, timeout_s=5)
    second, _ = await take_gpus(on_gpus, timeout_s=5)
    seen = [dict(each.environment)["CUDA_VISIBLE_DEVICES"] for each in (first, second)]
    assert seen == ["GPU-one", "GPU-two"]
    with pytest.raises(DeployFailed, match="no GPU of the plan is free: GPU-one is held by the fleet"):
        await take_gpus(on_gpus, timeout_s=0.2)
    claim.release()
    again, _ = await take_gpus(on_gpus, timeout_s=5)
    assert dict(again.environment)["CUDA_VISIBLE_DEVICES"] == "GPU-one"


async def test_a_gpu_whose_memory_somebody_holds_is_not_started_on_and_not_kept(
    nvml: NvmlStandIn, on_gpus: EngineSpec
) -> None:
    nvml.answer(ONE | {"memory_used_mib": 60_000}, TWO)
    with pytest.raises(DeployFailed, match=r"GPU 0.*72\.0 GiB free.*21\.4 GiB of 80\.0 GiB"):
        await take_gpus(replace(on_gpus, gpu_sets=(("GPU-one",),)), timeout_s=0.5)
    nvml.answer(ONE, TWO)
    taken, _ = await take_gpus(replace(on_gpus, gpu_sets=(("GPU-one",),)), timeout_s=5)
    assert dict(taken.environment)["CUDA_VISIBLE_DEVICES"] == "GPU-one"


async def test_where_one_gpu_is_held_by_somebody_the_next_is_taken(nvml: NvmlStandIn, on_gpus: EngineSpec) -> None:
    nvml.answer(ONE | {"memory_used_mib": 60_000}, TWO)
    taken, _ = await take_gpus(on_gpus, timeout_s=0.5)
    assert dict(taken.environment)["CUDA_VISIBLE_DEVICES"] == "GPU-two"


async def test_a_driver_that_cannot_run_the_installed_build_is_told_once_and_no_gpu_is_kept(
    nvml: NvmlStandIn, on_gpus: EngineSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vllm_stand_in(tmp_path, monkeypatch, cuda="13.0")
    nvml.answer(ONE, TWO, cuda_version=12080)
    with pytest.raises(DeployFailed) as raised:
        await take_gpus(replace(on_gpus, engine="vllm"), timeout_s=5)
    assert raised.value.message == (
        "driver: a driver for CUDA 13 (580 or newer) needed, the driver 580.65.06 offers CUDA 12.8"
    )
    assert raised.value.hint is not None
    assert raised.value.hint.startswith("install vLLM's cu129 build")
    assert holders(["GPU-one", "GPU-two"], Path(on_gpus.claims_dir)) == ()


async def test_a_gpu_too_old_for_the_kernels_is_not_started_on(nvml: NvmlStandIn, on_gpus: EngineSpec) -> None:
    nvml.answer(ONE | {"compute_capability": "7.5"}, TWO)
    taken, _ = await take_gpus(replace(on_gpus, gpu_compute_capability=(8, 0)), timeout_s=5)
    assert dict(taken.environment)["CUDA_VISIBLE_DEVICES"] == "GPU-two"
    with pytest.raises(DeployFailed, match=r"compute capability 9\.0 needed, 7\.5; GPU 1: .* 9\.0 needed, 8\.0"):
        await take_gpus(replace(on_gpus, gpu_compute_capability=(9, 0), claims_dir=str(nvml.answers.parent)), 5)


async def test_a_gpu_that_is_gone_is_named(nvml: NvmlStandIn, on_gpus: EngineSpec) -> None:
    nvml.answer(TWO)
    with pytest.raises(DeployFailed, match="GPU-one"):
        await take_gpus(replace(on_gpus, gpu_sets=(("GPU-one",),)), timeout_s=0.5)


async def test_where_one_gpu_is_held_by_somebody_and_the_other_by_a_replica_the_first_ones_holder_is_told(
    nvml: NvmlStandIn, on_gpus: EngineSpec
) -> None:
    nvml.answer(ONE, TWO)
    _, claim = await take_gpus(replace(on_gpus, gpu_sets=(("GPU-two",),)), timeout_s=5)
    nvml.answer(ONE | {"memory_used_mib": 60_000, "compute": "1:59000"}, TWO)
    with pytest.raises(DeployFailed, match=r"GPU 0.*pid 1 \(.*holds 57\.6 GiB"):
        await take_gpus(on_gpus, timeout_s=0.5)
    claim.release()
