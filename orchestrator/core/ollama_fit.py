"""A tag of Ollama: on the GPU that has the most room, or on the CPU of a host without one, as Ollama places it."""

from __future__ import annotations

from orchestrator.core.accelerators import Accelerator, devices
from orchestrator.core.amounts import gib
from orchestrator.core.cpu_fit import CONTEXT_CAP, cap_note
from orchestrator.core.device import Device
from orchestrator.core.device_memory import Memory
from orchestrator.core.host_memory import reserve_bytes, usable_bytes
from orchestrator.core.inventory import Host, Inventory
from orchestrator.core.ladder import Settled, ladder, settle
from orchestrator.core.memory import memory_parts
from orchestrator.core.plan import Fit, Misfit, Shape
from orchestrator.core.profile import Profile
from orchestrator.core.wish import Wish

SEQUENCES = 1
ONE_AT_A_TIME = (
    "Ollama answers one request at a time with this architecture, others wait (server/sched.go of v0.30.0 sets "
    "parallel to 1 for qwen35 and qwen35moe)"
)
PROMPT_CACHE = "its llama.cpp may keep up to 8 GiB of earlier prompts in host memory besides, which is not planned for"


def fits_with_ollama(profile: Profile, inventory: Inventory, wish: Wish) -> tuple[Fit, ...] | Misfit:
    """One replica that decodes one request at a time."""
    problem = _impossible(wish)
    if problem:
        return Misfit(profile, (problem,))
    room = max(devices(inventory)[0], key=lambda one: one.free_bytes, default=None)
    steps = ladder(profile, wish, CONTEXT_CAP, SEQUENCES, (SEQUENCES,))
    choice = settle(lambda context, count: _memory(profile, inventory.host, room, Shape(context, count)), steps)
    if choice.fits:
        return (_fit(profile, inventory.host, room, wish, choice),)
    needed, there = gib(choice.memory.needed_bytes), gib(choice.memory.available_bytes)
    where = f" on {room.full_name}" if room else ""
    return Misfit(
        profile, (f"needs {needed}, {there} usable{where}, for {choice.max_model_len:,} tokens",), choice.memory
    )


def _impossible(wish: Wish) -> str | None:
    """What Ollama does not do, whatever the hardware."""
    if (wish.max_num_seqs or SEQUENCES) > SEQUENCES:
        return f"max_num_seqs {wish.max_num_seqs} was asked for: {ONE_AT_A_TIME}"
    if (wish.num_replicas or 1) > 1:
        return f"{wish.num_replicas} replicas were asked for, and the replicas of a host would share one Ollama server"
    return None


def _memory(profile: Profile, host: Host, room: Accelerator | None, shape: Shape) -> Memory:
    parts = memory_parts(profile, shape)
    if room is not None:
        return Memory(parts, room.free_bytes, f"{gib(room.free_bytes)} free on the GPU with the most room")
    why = f"{gib(host.memory_available_bytes)} available, less {gib(reserve_bytes(host))} for the fleet and the system"
    return Memory(parts, usable_bytes(host), why)


def _fit(profile: Profile, host: Host, room: Accelerator | None, wish: Wish, choice: Settled) -> Fit:
    return Fit(
        profile=profile,
        device=Device.GPU if room else Device.CPU,
        gpu_indices=(room.id,) if room else (),
        tensor_parallel_size=1,
        max_model_len=choice.max_model_len,
        max_num_seqs=choice.max_num_seqs,
        memory=choice.memory,
        device_name=room.full_name if room else host.cpu_model,
        notes=(ONE_AT_A_TIME, PROMPT_CACHE, *cap_note(profile, wish, choice, "this host")),
    )
