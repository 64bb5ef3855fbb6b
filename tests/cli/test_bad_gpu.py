"""What keeps a profile from a GPU is one message, a hint and the documented exit code, and nothing is started.

The driver's library is a stand-in that the real pynvml loads; the interpreter with vLLM is one too.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from orchestrator.adapters.demo_model import make_demo_checkpoint
from orchestrator.adapters.in_memory import InMemoryRuntime
from orchestrator.cli import compose
from tests.adapters.model_samples import config_bytes
from tests.adapters.nvml_stand_in import A100, NvmlStandIn
from tests.cli.conftest import Qorch
from tests.vllm_stand_in import vllm_stand_in

T4 = A100 | {"name": "Tesla T4", "memory_total_mib": 15_360, "memory_used_mib": 0, "compute_capability": "7.5"}
V100 = A100 | {"name": "Tesla V100-SXM2-32GB", "memory_total_mib": 32_768, "compute_capability": "7.0"}
HELD = A100 | {"memory_used_mib": 79_000, "compute": "1:78000"}
TOO_OLD = {"driver_version": "470.82.01", "cuda_version": 11_040}
NOT_FOR_13 = {"driver_version": "570.86.15", "cuda_version": 12_080}
SMALL = "up --profile bf16 --model qwen3.5-2b"
real_inventory, real_weights_store = compose.sites.inventory, compose.stores.weights_store


@pytest.fixture
def nvml(runtime: InMemoryRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NvmlStandIn:
    """GPUs are probed, and vLLM for CUDA 13 is installed; weights are here, and fleets live in memory."""
    monkeypatch.setattr(compose.sites, "inventory", real_inventory)
    library = NvmlStandIn(tmp_path)
    library.take_the_drivers_place(monkeypatch)
    vllm_stand_in(tmp_path, monkeypatch)
    return library


@pytest.mark.parametrize(
    ("gpus", "system", "line", "code", "error", "hint"),
    [
        ((), {"init": 9}, SMALL, 3, "no GPU: the NVIDIA driver is installed but not loaded", "qorch plan --profile"),
        ((A100,), TOO_OLD, SMALL, 3, "the driver 470.82.01 offers CUDA 11.4, and vLLM's builds need", "qorch plan"),
        (
            (A100,), NOT_FOR_13, SMALL, 4,
            "vLLM 0.33.0 is built for CUDA 13.0: a driver for CUDA 13 (580 or newer) needed, the driver 570.86.15 "
            "offers CUDA 12.8", "qorch doctor",
        ),
        ((T4,), {}, SMALL, 3, "GPU 0: compute capability 7.5, bf16 needs 8.0", "qorch plan --profile"),
        (
            (V100,), {}, "up --profile gptq --model qwen3.5-27b", 3, "GPU 0: compute capability 7.0, gptq needs 7.5",
            "qorch plan --profile",
        ),
        (
            (A100,), {}, f"{SMALL} --tensor-parallel-size 16", 3,
            "tensor_parallel_size 16 does not divide the model; 1, 2, 4, 8 do", "qorch plan --profile",
        ),
        (
            (A100,), {}, f"{SMALL} --tensor-parallel-size 2", 3, "needs 2 equal GPUs, 1 are usable",
            "qorch plan --profile",
        ),
        ((HELD,), {}, SMALL, 3, "on GPU 0 pid 1 (", "qorch plan --profile"),
    ],
)  # fmt: skip
def test_a_profile_that_no_gpu_here_can_run_is_refused_before_anything_starts(
    qorch: Qorch, nvml: NvmlStandIn, runtime: InMemoryRuntime, home: Path,
    gpus: tuple[Mapping[str, object], ...], system: Mapping[str, object], line: str, code: int, error: str, hint: str,
) -> None:  # fmt: skip
    nvml.answer(*gpus, **system)
    done = qorch(*line.split())
    assert (done.code, done.out) == (code, "")
    assert error in done.error
    assert done.hint.startswith(hint)
    assert "prepare" not in runtime.calls
    assert nvml.processes() == []
    assert not home.exists()


def test_memory_that_somebody_holds_is_told_with_what_is_needed_and_what_is_there(
    qorch: Qorch, nvml: NvmlStandIn
) -> None:
    nvml.answer(HELD)
    error = qorch(*SMALL.split()).error
    assert "2.9 GiB usable on 1 x NVIDIA A100-SXM4-80GB" in error
    assert error.endswith("holds 76.2 GiB")


@pytest.mark.parametrize(
    ("config", "error"),
    [
        (config_bytes("llama"), "weights for another architecture: 'llama'"),
        (None, "weights for another model than qwen3.5-2b: hidden_size 128, expected 2048"),
    ],
)
def test_weights_for_another_architecture_are_named_and_nothing_starts(
    qorch: Qorch, nvml: NvmlStandIn, runtime: InMemoryRuntime, home: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, config: bytes | None, error: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(compose.stores, "weights_store", real_weights_store)
    nvml.answer(A100)
    folder = make_demo_checkpoint(tmp_path)
    if config is not None:
        (folder / "config.json").write_bytes(config)
    done = qorch(*SMALL.split(), "--weights", str(folder))
    assert (done.code, done.out) == (4, "")
    assert error in done.error
    assert done.hint
    assert "prepare" not in runtime.calls
    assert nvml.processes() == []


def test_doctor_warns_of_a_driver_that_cannot_run_the_vllm_that_is_installed(qorch: Qorch, nvml: NvmlStandIn) -> None:
    nvml.answer(A100, **NOT_FOR_13)
    lines = qorch("doctor").out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("warn  driver"))
    assert "the driver 570.86.15 offers CUDA 12.8 (needed: a driver for CUDA 13 (580 or newer))" in lines[at]
    assert "hint: install vLLM's cu129 build" in lines[at + 1]


def test_the_build_for_cuda_12_runs_on_that_driver(
    qorch: Qorch, nvml: NvmlStandIn, runtime: InMemoryRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "cu129"
    other.mkdir()
    vllm_stand_in(other, monkeypatch, version="0.33.0+cu129", cuda=None)
    nvml.answer(A100, **NOT_FOR_13)
    assert qorch(*SMALL.split(), "--yes").code == 0
    assert "prepare" in runtime.calls
