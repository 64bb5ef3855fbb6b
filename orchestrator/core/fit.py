"""Whether a profile goes on this hardware, and how: `Fit` or `Misfit`, both with their reasons."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.core.gpu_fit import fits_on_gpus, fits_over_hosts
from orchestrator.core.inventory import HostGroup, Inventory
from orchestrator.core.metal_fit import fits_with_llama_cpp
from orchestrator.core.plan import Fit, Misfit
from orchestrator.core.profile import EngineName, Profile
from orchestrator.core.wish import Wish

PLACES: dict[EngineName, Callable[[Profile, Inventory, Wish], tuple[Fit, ...] | Misfit]] = {
    EngineName.VLLM: fits_on_gpus,
    EngineName.LLAMA_CPP: fits_with_llama_cpp,  # the one that qorch installs is built for CPUs
}


def fits(profile: Profile, inventory: Inventory, wish: Wish) -> tuple[Fit, ...] | Misfit:
    """Every way to place `profile` here, with the context and the concurrency that were asked for or fit best."""
    problem = _impossible(profile, wish)
    return Misfit(profile, (problem,)) if problem else PLACES[profile.engine](profile, inventory, wish)


def fits_in_group(profile: Profile, hosts: HostGroup, wish: Wish) -> tuple[Fit, ...] | Misfit:
    """On one host of a group, or where only memory is missing on several of them together."""
    verdict = fits(profile, hosts.inventory, wish)
    if isinstance(verdict, Misfit) and verdict.memory and profile.engine is EngineName.VLLM:
        return fits_over_hosts(profile, hosts, wish) or verdict
    return verdict


def fit(profile: Profile, inventory: Inventory, wish: Wish) -> Fit | Misfit:
    """The way that takes the fewest GPUs."""
    found = fits(profile, inventory, wish)
    return found if isinstance(found, Misfit) else found[0]


def _impossible(profile: Profile, wish: Wish) -> str | None:
    """What no hardware could change."""
    limit = profile.model.limits.max_model_len
    if wish.max_model_len is not None and wish.max_model_len > limit:
        return f"a context of {wish.max_model_len:,} tokens was asked for, the model takes {limit:,}"
    split = wish.tensor_parallel_size or 1
    if split > 1 and profile.engine is EngineName.LLAMA_CPP:
        return f"tensor_parallel_size {split} was asked for, and llama.cpp takes one device"
    if profile.engine not in PLACES:
        return f"qorch does not deploy {profile.engine}"
    return None
