"""The words of a choice: `Fit` or `Misfit` for each candidate, and the `FitPlan` that was picked from them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.core.inventory import Inventory
from orchestrator.core.profile import Profile


class Device(StrEnum):
    CPU = "cpu"
    GPU = "gpu"


@dataclass(frozen=True)
class MemoryPart:
    """One part of what a replica needs, per device: weights, kv_cache, recurrent_state, activations, overhead."""

    name: str
    bytes: int
    why: str  # the arithmetic, e.g. "8 layers x 2 x 4 heads x 256 x 2 B x 32,768 tokens"


@dataclass(frozen=True)
class Memory:
    """What one device must hold for one replica, part by part, against what it has."""

    parts: tuple[MemoryPart, ...]
    available_bytes: int

    @property
    def needed_bytes(self) -> int:
        return sum(part.bytes for part in self.parts)

    @property
    def headroom_bytes(self) -> int:
        """What remains; negative where it does not fit."""
        return self.available_bytes - self.needed_bytes


@dataclass(frozen=True)
class Fit:
    """The profile goes on this hardware, like this."""

    profile: Profile
    device: Device
    gpu_indices: tuple[int, ...]  # empty on a CPU
    tensor_parallel_size: int
    max_model_len: int
    max_num_seqs: int  # concurrent sequences (llama.cpp: slots)
    memory: Memory  # of each device that the replica uses


@dataclass(frozen=True)
class Misfit:
    """The profile does not go on this hardware; `reasons` say what was needed and what is there."""

    profile: Profile
    reasons: tuple[str, ...]
    memory: Memory | None = None


@dataclass(frozen=True)
class Availability:
    """Whether a profile's weights can be had: on this machine, from the hub, or not at all."""

    obtainable: bool
    on_disk: bool
    reason: str


@dataclass(frozen=True)
class Wish:
    """What the user asked for; `profile` is "auto", a precision, or a profile's name."""

    profile: str = "auto"
    model: str | None = None
    max_model_len: int | None = None
    max_num_seqs: int | None = None
    num_replicas: int | None = None


@dataclass(frozen=True)
class ScoreStep:
    """One factor of a score, 0..1, and why."""

    name: str
    value: float
    why: str


@dataclass(frozen=True)
class Candidate:
    """One profile that was considered; `score` is the product of its steps, 0 where it was refused."""

    verdict: Fit | Misfit
    score: float
    steps: tuple[ScoreStep, ...] = ()

    @property
    def profile(self) -> Profile:
        return self.verdict.profile


@dataclass(frozen=True)
class FitPlan:
    """What will run, and every candidate in the order of its rank, with reasons.

    `chosen` is None where nothing fits; `nearest` then names the profile that misses least.
    """

    wish: Wish
    inventory: Inventory
    candidates: tuple[Candidate, ...]
    chosen: Fit | None
    reason: str  # one sentence: why this one, or why none
    num_replicas: int = 1
    nearest: str | None = None
    notices: tuple[str, ...] = ()
