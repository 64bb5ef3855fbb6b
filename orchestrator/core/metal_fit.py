"""A GGUF profile on the GPU of an Apple chip: all of it in the part of the memory that macOS lets Metal take."""

from __future__ import annotations

from orchestrator.core.accelerators import METAL_SHARE, Accelerator, devices
from orchestrator.core.amounts import gib
from orchestrator.core.cpu_fit import CONTEXT_CAP, ENOUGH_SLOTS, MOST_SLOTS, cap_note, fits_on_cpu
from orchestrator.core.device import Device
from orchestrator.core.device_memory import Memory
from orchestrator.core.host_memory import usable_bytes
from orchestrator.core.inventory import Inventory
from orchestrator.core.ladder import Settled, ladder, settle
from orchestrator.core.memory import memory_parts
from orchestrator.core.plan import Fit, Misfit, Shape
from orchestrator.core.profile import Profile
from orchestrator.core.wish import Wish


def fits_with_llama_cpp(profile: Profile, inventory: Inventory, wish: Wish) -> tuple[Fit, ...] | Misfit:
    """On Metal where the host is described as an Apple chip, else and beside it on the CPU."""
    on_cpu = fits_on_cpu(profile, inventory, wish)
    metal = next((one for one in devices(inventory)[0] if one.capability is None), None)
    if metal is None or (wish.num_replicas or 1) > 1:
        return on_cpu
    choice = _settled(profile, inventory, metal, wish)
    if not choice.fits:
        return on_cpu
    return (_fit(profile, metal, wish, choice), *(() if isinstance(on_cpu, Misfit) else on_cpu))


def _settled(profile: Profile, inventory: Inventory, metal: Accelerator, wish: Wish) -> Settled:
    available = min(metal.free_bytes, usable_bytes(inventory.host))
    why = f"Metal may take {METAL_SHARE:.0%} of {gib(inventory.host.memory_total_bytes)} by default"

    def memory_of(context: int, count: int) -> Memory:
        return Memory(memory_parts(profile, Shape(context, count)), available, why)

    return settle(memory_of, ladder(profile, wish, CONTEXT_CAP, MOST_SLOTS, ENOUGH_SLOTS))


def _fit(profile: Profile, metal: Accelerator, wish: Wish, choice: Settled) -> Fit:
    return Fit(
        profile=profile,
        device=Device.GPU,
        gpu_indices=(metal.id,),
        tensor_parallel_size=1,
        max_model_len=choice.max_model_len,
        max_num_seqs=choice.max_num_seqs,
        memory=choice.memory,
        device_name=metal.name,
        notes=(metal.note, *cap_note(profile, wish, choice, "this chip")),
    )
