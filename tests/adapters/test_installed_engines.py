"""Which vLLM is taken, asked of interpreters that answer as one with that vLLM would."""

from __future__ import annotations

import venv
from pathlib import Path

import pytest

from orchestrator.adapters.engines.installed import installed_engines
from orchestrator.adapters.engines.vllm_install import VARIABLE, vllm_install
from orchestrator.core.device import Device
from orchestrator.core.inventory import GpuDriver, NotAvailable
from orchestrator.core.profile import EngineName
from tests.vllm_stand_in import vllm_stand_in

ON_GPU = (EngineName.VLLM, Device.GPU)


@pytest.fixture
def with_vllm(tmp_path: Path, monkeypatch):
    """Name an interpreter whose vLLM has this version."""

    def name(version: str) -> str:
        return vllm_stand_in(tmp_path, monkeypatch, version)

    return name


def test_a_vllm_of_the_floor_can_be_started(with_vllm):
    with_vllm("0.32.0")
    assert installed_engines()[ON_GPU].obtainable


@pytest.mark.parametrize(("cuda", "well"), [("13.1", True), ("12.8", False), (NotAvailable("not told"), True)])
def test_a_build_is_held_against_the_driver_where_that_is_known(with_vllm, cuda, well):
    with_vllm("0.33.0")
    found = installed_engines(GpuDriver("570.86", cuda))[ON_GPU]
    assert found.obtainable is well
    assert well or found.reason == (
        "vLLM 0.33.0 is built for CUDA 13.0: a driver for CUDA 13 (580 or newer) needed, the driver 570.86 offers "
        "CUDA 12.8"
    )


def test_the_cuda_of_a_build_is_read_from_its_pytorch_without_importing_it(tmp_path, monkeypatch):
    environment = tmp_path / "environment"
    venv.create(environment)
    packages = next(environment.glob("lib/python*/site-packages"))
    for name in ("vllm", "torch"):
        (packages / name).mkdir()
        (packages / name / "__init__.py").write_text("raise ImportError('imported')")
    (packages / "torch" / "version.py").write_text("__version__ = '2.14.0'\ncuda: str | None = '13.0'\n")
    (packages / "vllm-0.33.0.dist-info").mkdir()
    (packages / "vllm-0.33.0.dist-info" / "METADATA").write_text("Name: vllm\nVersion: 0.33.0\n")
    found = vllm_install({VARIABLE: str(environment / "bin" / "python")})
    assert (found.version, found.cuda, found.cuda_major, found.cpu_build) == ("0.33.0", "13.0", 13, False)


def test_an_older_one_cannot_and_says_where_it_is_and_what_is_needed(with_vllm):
    python = with_vllm("0.31.2")
    found = installed_engines()[ON_GPU]
    assert not found.obtainable
    assert found.reason.startswith("vLLM 0.31.2 is too old, 0.32.0 or newer is needed")
    assert python in found.reason
