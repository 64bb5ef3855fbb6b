"""Whether a profile goes on this hardware, and how: `Fit` or `Misfit`, both with their reasons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from orchestrator.core.device import Device
from orchestrator.core.gpu_fit import fits_on_gpus, fits_over_hosts
from orchestrator.core.inventory import HostGroup, Inventory
from orchestrator.core.metal_fit import fits_with_llama_cpp
from orchestrator.core.ollama_fit import fits_with_ollama
from orchestrator.core.plan import Fit, Misfit
from orchestrator.core.profile import EngineName, Profile
from orchestrator.core.vllm_adapters import lora_notes, lora_refusal
from orchestrator.core.vllm_cpu_fit import fits_with_vllm_on_cpu
from orchestrator.core.vllm_guards import guard_notes, guard_refusal
from orchestrator.core.vllm_options import VLLM_DEFAULTS
from orchestrator.core.vllm_speculation import speculation_refusal
from orchestrator.core.wish import Wish

Place = Callable[[Profile, Inventory, Wish], tuple[Fit, ...] | Misfit]

PLACES: dict[EngineName, Place] = {
    EngineName.VLLM: fits_on_gpus,
    EngineName.LLAMA_CPP: fits_with_llama_cpp,  # the one that qorch installs is built for CPUs
    EngineName.OLLAMA: fits_with_ollama,
}
ASKED_PLACES: dict[tuple[EngineName | None, Device | None], Place] = {
    (EngineName.VLLM, Device.CPU): fits_with_vllm_on_cpu
}  # only where both are named


def fits(profile: Profile, inventory: Inventory, wish: Wish) -> tuple[Fit, ...] | Misfit:
    """Every way to place `profile` here, with the context and the concurrency that were asked for or fit best."""
    problem = _impossible(profile, wish)
    if problem:
        return Misfit(profile, (problem,))
    place = ASKED_PLACES.get((wish.engine, wish.device), PLACES[profile.engine])
    return _with_notes(_on_wished_device(profile, place(profile, inventory, wish), wish.device), wish)


def fits_in_group(profile: Profile, hosts: HostGroup, wish: Wish) -> tuple[Fit, ...] | Misfit:
    """On one host of a group, or where only memory is missing, and may be, on several of them together."""
    verdict = fits(profile, hosts.inventory, wish)
    if isinstance(verdict, Misfit) and verdict.memory and profile.engine is EngineName.VLLM and not wish.one_host:
        return fits_over_hosts(profile, hosts, wish) or verdict
    return verdict


def fit(profile: Profile, inventory: Inventory, wish: Wish) -> Fit | Misfit:
    """The way that takes the fewest GPUs."""
    found = fits(profile, inventory, wish)
    return found if isinstance(found, Misfit) else found[0]


def _on_wished_device(
    profile: Profile, found: tuple[Fit, ...] | Misfit, device: Device | None
) -> tuple[Fit, ...] | Misfit:
    """What of it is on the device that was asked for."""
    if isinstance(found, Misfit) or device is None:
        return found
    others = " or ".join(dict.fromkeys(fit.device.upper() for fit in found))
    here = tuple(fit for fit in found if fit.device is device)
    return here or Misfit(profile, (f"{device.upper()} was asked for, and {profile.engine} runs it on {others} here",))


def _with_notes(found: tuple[Fit, ...] | Misfit, wish: Wish) -> tuple[Fit, ...] | Misfit:
    """What is known of vLLM with the options and the adapters of each fit."""
    if isinstance(found, Misfit) or found[0].profile.engine is not EngineName.VLLM:
        return found
    of_adapters = lora_notes(found[0].profile, wish.loras)
    return tuple(replace(fit, notes=(*fit.notes, *of_adapters, *guard_notes(fit.profile, fit.vllm))) for fit in found)


def _impossible(profile: Profile, wish: Wish) -> str | None:
    """What no hardware could change."""
    limit = profile.model.limits.max_model_len
    if wish.max_model_len is not None and wish.max_model_len > limit:
        return f"a context of {wish.max_model_len:,} tokens was asked for, the model takes {limit:,}"
    split = wish.tensor_parallel_size or 1
    if split > 1 and profile.engine is not EngineName.VLLM:
        return f"tensor_parallel_size {split} was asked for, and {profile.engine} takes one device"
    speculation = speculation_refusal(profile, wish.num_speculative_tokens)
    if refusal := lora_refusal(profile, wish.loras) or speculation:
        return refusal
    return guard_refusal(profile, VLLM_DEFAULTS) if profile.engine is EngineName.VLLM else None
