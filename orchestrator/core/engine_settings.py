"""What of a plan each engine is told in its own way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import floor

from orchestrator.core.accelerators import devices
from orchestrator.core.device import Device
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.inventory import Inventory
from orchestrator.core.llama_cpp_memory import context_checkpoints
from orchestrator.core.plan import Fit, FitPlan
from orchestrator.core.profile import EngineName, ModelStatus
from orchestrator.core.vllm_arguments import serves_images, vllm_arguments
from orchestrator.core.vllm_devices import least_capability
from orchestrator.core.vllm_environment import vllm_environment
from orchestrator.core.vllm_launch import VllmLaunch
from orchestrator.core.vllm_memory import GPU_MEMORY_UTILIZATION

MIB = 2**20
MOST_PROMPT_CACHE_MIB = 2048
SHUTDOWN_TIMEOUT_S = 4  # a replica stops its engine when that is idle; for answers that came at the last moment


def with_settings(spec: EngineSpec, fit: Fit, plan: FitPlan) -> EngineSpec:
    """The spec with what its engine wants to know besides."""
    return SETTINGS[fit.profile.engine](spec, fit, plan)


def reads_images(fit: Fit, mmproj_path: str | None) -> bool:
    """vLLM's checkpoints and Ollama's tags hold their vision encoder; llama.cpp's is a file of its own."""
    if fit.profile.engine is not EngineName.LLAMA_CPP:
        return serves_images(fit)
    return mmproj_path is not None


def prompt_cache_mib(fit: Fit) -> int:
    """Prompts that llama.cpp keeps for their next turn take a quarter of what the plan leaves free."""
    if fit.profile.engine is not EngineName.LLAMA_CPP:
        return 0
    return max(0, min(MOST_PROMPT_CACHE_MIB, fit.memory.headroom_bytes // 4 // MIB))


def threads_per_replica(cpu_cores: int, num_replicas: int, fit: Fit) -> int:
    """An engine's share of the cores; a stand-in model is too small to gain from a second thread."""
    if fit.profile.model.status is ModelStatus.STAND_IN:
        return 1
    return max(1, cpu_cores // num_replicas)


def memory_of_another_replica(fit: Fit) -> int:
    """What one more engine takes of the host's memory; llama.cpp's replicas map one model file."""
    if fit.device is Device.GPU:
        return 0
    if fit.profile.engine is not EngineName.LLAMA_CPP:
        return fit.memory.needed_bytes
    own = sum(part.bytes for part in fit.memory.parts if part.name != "weights")
    return own + fit.profile.weights.mmproj_bytes + prompt_cache_mib(fit) * MIB


def _llama_cpp(spec: EngineSpec, fit: Fit, plan: FitPlan) -> EngineSpec:
    return replace(
        spec,
        threads=threads_per_replica(plan.inventory.host.cpu_cores, plan.num_replicas, fit),
        prompt_cache_mib=prompt_cache_mib(fit),
        context_checkpoints=context_checkpoints(fit.max_model_len),
    )


def _vllm(spec: EngineSpec, fit: Fit, plan: FitPlan) -> EngineSpec:
    utilization = _gpu_memory_utilization(fit, plan.inventory)
    launch = VllmLaunch(
        model_path=spec.model_path,
        gpu_memory_utilization=utilization,
        served_model_names=spec.served_model_names,
        max_num_queued_reqs=spec.max_in_flight,
        shutdown_timeout_s=SHUTDOWN_TIMEOUT_S,
        loras=plan.wish.loras,
        threads=threads_per_replica(plan.inventory.host.cpu_cores, plan.num_replicas, fit),
    )
    told = replace(spec, arguments=vllm_arguments(fit, launch), environment=vllm_environment(fit, launch))
    if fit.device is Device.CPU:
        return told
    return replace(
        told,
        gpu_free_bytes=fit.memory.needed_bytes,
        gpu_memory_utilization=utilization,
        gpu_compute_capability=least_capability(fit.profile),
    )


def _gpu_memory_utilization(fit: Fit, inventory: Inventory) -> float:
    """vLLM's default, or less where others hold memory: vLLM does not start unless so much is free."""
    totals = [one.total_bytes for one in devices(inventory)[0] if one.id in fit.gpu_indices]
    shares = [floor(100 * (fit.memory.available_bytes + 1) / total) / 100 for total in totals]
    return min([GPU_MEMORY_UTILIZATION, *shares])


def _ollama(spec: EngineSpec, fit: Fit, plan: FitPlan) -> EngineSpec:
    """It settles its threads itself, and counts no tokens."""
    return replace(spec, stall_s=None)


SETTINGS: dict[EngineName, Callable[[EngineSpec, Fit, FitPlan], EngineSpec]] = {
    EngineName.LLAMA_CPP: _llama_cpp,
    EngineName.VLLM: _vllm,
    EngineName.OLLAMA: _ollama,
}
