"""Host and GPUs as one inventory."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.adapters.probe import probe
from orchestrator.core.accelerators import devices
from orchestrator.core.errors import EnvironmentNotReady
from tests.adapters.nvml_stand_in import A100, RTX_4090, NvmlStandIn


@pytest.fixture
def nvml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NvmlStandIn:
    """The stand-in, in place of the driver's library for child processes."""
    library = NvmlStandIn(tmp_path)
    library.take_the_drivers_place(monkeypatch)
    return library


def test_an_inventory_holds_the_host_and_its_gpus(nvml: NvmlStandIn, tmp_path: Path) -> None:
    nvml.answer(A100, A100 | {"handle": 15})
    inventory = probe(tmp_path)
    assert [one.name for one in devices(inventory)[0]] == ["NVIDIA A100-SXM4-80GB"]
    assert (len(inventory.gpus), inventory.source) == (2, "probed")
    assert inventory.host.cpu_cores >= 1


def test_a_gb10_shares_the_memory_of_its_host(nvml: NvmlStandIn, tmp_path: Path) -> None:
    nvml.answer({"name": "NVIDIA GB10", "compute_capability": "12.1"})
    assert probe(tmp_path).host.unified_memory is True


@pytest.mark.parametrize("gpu", [RTX_4090, {"name": "NVIDIA L4"}])
def test_a_card_of_its_own_shares_none(nvml: NvmlStandIn, tmp_path: Path, gpu: dict[str, object]) -> None:
    nvml.answer(gpu)
    assert probe(tmp_path).host.unified_memory is False


def test_what_the_environment_hides_is_listed_and_not_used(nvml: NvmlStandIn, tmp_path: Path) -> None:
    nvml.answer(A100, A100 | {"uuid": "GPU-a100-1"})
    inventory = probe(tmp_path, environment={"CUDA_VISIBLE_DEVICES": "GPU-a100-1"})
    assert [gpu.hidden for gpu in inventory.gpus] == ["hidden by CUDA_VISIBLE_DEVICES=GPU-a100-1", None]
    assert [one.uuid for one in devices(inventory)[0]] == ["GPU-a100-1"]


def test_a_driver_that_hangs_gives_no_inventory(nvml: NvmlStandIn, tmp_path: Path) -> None:
    nvml.answer(A100, hang="name")
    with pytest.raises(EnvironmentNotReady, match=r"did not answer in 0\.5 s"):
        probe(tmp_path, timeout_s=0.5)
