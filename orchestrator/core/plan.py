"""The words of a choice: `Fit` or `Misfit` for each candidate, and the `FitPlan` that was picked from them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import prod

from orchestrator.core.inventory import Inventory
from orchestrator.core.profile import Profile
from orchestrator.core.vllm_options import VLLM_DEFAULTS, VllmOptions


class Device(StrEnum):
    CPU = "cpu"
    GPU = "gpu"


@dataclass(frozen=True)
class Shape:
    """How large one replica is made: the choices that its memory depends on."""

    max_model_len: int
    max_num_seqs: int  # concurrent sequences (llama.cpp: slots)
    tensor_parallel_size: int = 1
    vllm: VllmOptions = VLLM_DEFAULTS  # of no account to other engines


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
    available_why: str = ""  # the arithmetic, e.g. "92 % of 80 GiB"

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
    notes: tuple[str, ...] = ()  # what a person should know of this fit, e.g. why the context is this long


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
    """What the user asked for; `profile` is "auto", a precision, or the name of a profile or of a model."""

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
    """One profile that was considered; a step of 0 refuses it, and a misfit has no steps."""

    verdict: Fit | Misfit
    steps: tuple[ScoreStep, ...] = ()

    @property
    def profile(self) -> Profile:
        return self.verdict.profile

    @property
    def score(self) -> float:
        """The product of the steps, 0..1."""
        return 0.0 if isinstance(self.verdict, Misfit) else prod(step.value for step in self.steps)

    @property
    def potential(self) -> float:
        """The score that it would have if nothing refused it."""
        return prod(step.value for step in self.steps if step.value > 0)

    @property
    def refusal(self) -> str | None:
        """Why it cannot run, or None where it can."""
        if isinstance(self.verdict, Misfit):
            return "; ".join(self.verdict.reasons)
        return "; ".join(step.why for step in self.steps if step.value == 0) or None


class PlanFailure(StrEnum):
    """Why nothing was chosen."""

    DOES_NOT_FIT = "does not fit"
    ENGINE_MISSING = "engine missing"  # something fits, but its engine is not installed
    WEIGHTS_MISSING = "weights missing"  # something fits, but its weights cannot be had


@dataclass(frozen=True)
class FitPlan:
    """What will run, and every candidate in the order of its rank, with reasons.

    `chosen` is None where nothing that was asked for can run, and `failure` says which way it failed;
    `nearest` then names another profile that would run here, or else the one that misses least.
    """

    wish: Wish
    inventory: Inventory
    candidates: tuple[Candidate, ...]
    chosen: Fit | None
    reason: str  # one sentence: why this one, or why none
    num_replicas: int = 1
    failure: PlanFailure | None = None
    nearest: str | None = None
    notices: tuple[str, ...] = ()
