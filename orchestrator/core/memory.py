"""What a replica needs in memory, part by part: each engine lays out the same model in its own way."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.core.device_memory import MemoryPart
from orchestrator.core.llama_cpp_memory import llama_cpp_parts
from orchestrator.core.plan import Shape
from orchestrator.core.profile import EngineName, Profile
from orchestrator.core.vllm_memory import vllm_parts

PARTS: dict[EngineName, Callable[[Profile, Shape], tuple[MemoryPart, ...]]] = {
    EngineName.VLLM: vllm_parts,
    EngineName.LLAMA_CPP: llama_cpp_parts,
    EngineName.OLLAMA: llama_cpp_parts,  # it runs llama.cpp's server for every GGML model (v0.30.0, PR #16031)
}
PER_REQUEST = ("kv_cache", "recurrent_state")  # the parts that grow with context and concurrency


def memory_parts(profile: Profile, shape: Shape) -> tuple[MemoryPart, ...]:
    """The parts that each device holds for one replica of `shape`, each with its arithmetic."""
    return PARTS[profile.engine](profile, shape)


def request_bytes(parts: tuple[MemoryPart, ...]) -> int:
    """What of `parts` serves requests; the rest is there whether one comes or not."""
    return sum(part.bytes for part in parts if part.name in PER_REQUEST)
