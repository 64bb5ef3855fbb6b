"""A GGUF profile on the CPU: the file in the page cache, and the replica's memory beside it."""

from __future__ import annotations

from orchestrator.core.amounts import counted, gib
from orchestrator.core.device import Device
from orchestrator.core.device_memory import Memory, MemoryPart
from orchestrator.core.host_memory import reserve_bytes, usable_bytes
from orchestrator.core.inventory import Host, Inventory
from orchestrator.core.ladder import Settled, context_note, ladder, settle
from orchestrator.core.memory import memory_parts
from orchestrator.core.plan import Fit, Misfit, Shape
from orchestrator.core.profile import Profile
from orchestrator.core.wish import Wish

CONTEXT_CAP = 32768  # by default: a CPU reads a longer prompt for minutes
MOST_SLOTS = 8
FEWEST_DEFAULT_SLOTS = 4
ENOUGH_SLOTS = (4, 1)


def fits_on_cpu(profile: Profile, inventory: Inventory, wish: Wish) -> tuple[Fit, ...] | Misfit:
    """One replica on this host's CPU, in the memory that is available less the reserve."""
    most = max(FEWEST_DEFAULT_SLOTS, inventory.host.cpu_cores)
    steps = ladder(profile, wish, CONTEXT_CAP, min(most, MOST_SLOTS), ENOUGH_SLOTS)
    choice = settle(lambda context, count: _memory(profile, inventory.host, wish, Shape(context, count)), steps)
    return (
        (_fit(profile, inventory.host, wish, choice),)
        if choice.fits
        else Misfit(profile, (_reason(choice),), choice.memory)
    )


def _memory(profile: Profile, host: Host, wish: Wish, shape: Shape) -> Memory:
    """One replica's memory; several replicas map the same file, so they divide only the rest."""
    parts = memory_parts(profile, shape)
    available, replicas = usable_bytes(host), wish.num_replicas or 1
    why = f"{gib(host.memory_available_bytes)} available, less {gib(reserve_bytes(host))} for the fleet and the system"
    if replicas > 1:
        shared = _shared_bytes(parts, profile)
        available = min(available, shared + max(0, available - shared) // replicas)
        why += f", divided by {replicas} replicas that share the model file"
    return Memory(parts, available, why)


def _shared_bytes(parts: tuple[MemoryPart, ...], profile: Profile) -> int:
    """The mapped file; the vision projector is read into each process."""
    return next(part.bytes for part in parts if part.name == "weights") - profile.weights.mmproj_bytes


def _fit(profile: Profile, host: Host, wish: Wish, choice: Settled) -> Fit:
    return Fit(
        profile=profile,
        device=Device.CPU,
        gpu_indices=(),
        tensor_parallel_size=1,
        max_model_len=choice.max_model_len,
        max_num_seqs=choice.max_num_seqs,
        memory=choice.memory,
        device_name=host.cpu_model,
        replicas_per_host=wish.num_replicas or 1,
        notes=cap_note(profile, wish, choice, "a CPU"),
    )


def cap_note(profile: Profile, wish: Wish, choice: Settled, reader: str) -> tuple[str, ...]:
    """Why the context is shorter than the model's: for the sake of time, or of memory."""
    limit = profile.model.limits.max_model_len
    if wish.max_model_len is None and choice.max_model_len == CONTEXT_CAP < limit:
        return (
            f"the context is {CONTEXT_CAP:,} of {limit:,} tokens, because {reader} takes minutes to read a longer "
            "prompt; a longer one can be asked for",
        )
    return context_note(profile, wish, choice)


def _reason(choice: Settled) -> str:
    """What was needed and what is there."""
    memory = choice.memory
    return (
        f"needs {gib(memory.needed_bytes)}, {gib(memory.available_bytes)} usable, for {choice.max_model_len:,} tokens "
        f"in {counted(choice.max_num_seqs, 'slot')}"
    )
