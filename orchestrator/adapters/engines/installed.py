"""Which engines this installation can start, and on what."""

from __future__ import annotations

from importlib.util import find_spec

from orchestrator.adapters.engines.ollama_install import OllamaInstall, ollama_install
from orchestrator.adapters.engines.vllm_install import VllmInstall, vllm_install
from orchestrator.core.device import Device
from orchestrator.core.inventory import GpuDriver
from orchestrator.core.plan import Availability, Engines
from orchestrator.core.profile import EngineName
from orchestrator.core.vllm_cuda import build_finding
from orchestrator.core.vllm_version import version_refusal


def installed_engines(driver: GpuDriver | None = None) -> Engines:
    """Each engine on each device: there, or why not; held against the driver where one is given."""
    found, ollama = vllm_install(), _ollama(ollama_install())
    return {
        (EngineName.LLAMA_CPP, Device.CPU): _llama_cpp(),
        (EngineName.LLAMA_CPP, Device.GPU): _missing("the llama.cpp that qorch installs is built for CPUs"),
        (EngineName.VLLM, Device.GPU): _runs_on(driver, found) or _vllm(found, for_cpu=False),
        (EngineName.VLLM, Device.CPU): _vllm(found, for_cpu=True),
        (EngineName.OLLAMA, Device.CPU): ollama,
        (EngineName.OLLAMA, Device.GPU): ollama,
    }


def _llama_cpp() -> Availability:
    here = find_spec("xllamacpp") is not None
    return Availability(here, here, "installed" if here else "the package xllamacpp is not installed")


def _vllm(found: VllmInstall, for_cpu: bool) -> Availability:
    if found.version is None:
        return _missing(found.problem)
    if (too_old := version_refusal(found.version)) is not None:
        return _missing(f"{too_old} ({found.python})")
    if found.cpu_build != for_cpu:
        other = "a build for CPUs" if found.cpu_build else "a build for GPUs"
        return _missing(f"vLLM {found.version} in {found.python} is {other}")
    return Availability(obtainable=True, on_disk=True, reason=f"vLLM {found.version}")


def _ollama(found: OllamaInstall) -> Availability:
    return _missing(found.problem) if found.problem else Availability(True, True, found.found)


def _runs_on(driver: GpuDriver | None, found: VllmInstall) -> Availability | None:
    """Why the driver cannot run this build, or None."""
    finding = build_finding(driver, found.cuda_major) if driver and found.cuda else None
    if finding is None:
        return None
    return _missing(f"vLLM {found.version} is built for CUDA {found.cuda}: {finding.needed} needed, {finding.there}")


def _missing(reason: str) -> Availability:
    return Availability(obtainable=False, on_disk=False, reason=reason)
