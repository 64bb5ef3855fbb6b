"""The words of a choice: `Fit` or `Misfit` for each candidate, and the `FitPlan` that was picked from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import prod

from orchestrator.core.accelerators import DeviceId
from orchestrator.core.device import Device
from orchestrator.core.device_memory import Memory
from orchestrator.core.inventory import Inventory, Site
from orchestrator.core.prediction import Prediction
from orchestrator.core.profile import EngineName, Profile
from orchestrator.core.vllm_options import VLLM_DEFAULTS, VllmOptions
from orchestrator.core.vllm_pool import PoolReport
from orchestrator.core.wish import Wish


@dataclass(frozen=True)
class Shape:
    """How large one replica is made: the choices that its memory depends on."""

    max_model_len: int
    max_num_seqs: int  # concurrent sequences (llama.cpp: slots)
    tensor_parallel_size: int = 1
    vllm: VllmOptions = VLLM_DEFAULTS  # of no account to other engines
    pipeline_parallel_size: int = 1  # hosts that one replica spans


@dataclass(frozen=True)
class Fit:
    """The profile goes on this hardware, like this."""

    profile: Profile
    device: Device
    gpu_indices: tuple[DeviceId, ...]  # empty on a CPU
    tensor_parallel_size: int
    max_model_len: int
    max_num_seqs: int  # concurrent sequences (llama.cpp: slots)
    memory: Memory  # of each device that the replica uses
    vllm: VllmOptions = VLLM_DEFAULTS  # what its memory was reckoned with
    device_name: str = ""  # the GPU's product, or the CPU's model
    prediction: Prediction | None = None
    replicas_per_host: int = 1  # on a CPU, whose memory they divide; GPUs have as many as there are sets of them
    notes: tuple[str, ...] = ()  # what a person should know of this fit, e.g. why the context is this long
    pipeline_parallel_size: int = 1  # equal hosts that one replica spans, with `gpu_indices` on each
    pool: PoolReport | None = None  # what vLLM will report of its pool when it starts

    @property
    def num_gpus(self) -> int:
        """GPUs or slices of one replica."""
        return len(self.gpu_indices) * self.pipeline_parallel_size


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


Engines = Mapping[tuple[EngineName, Device], Availability]  # whether each can be started on each device, and why not


@dataclass(frozen=True)
class ScoreStep:
    """One factor of a score, 0..1, and why; its weight is the exponent that the objective gives it."""

    name: str
    value: float
    why: str
    weight: float = 1.0


@dataclass(frozen=True)
class Option:
    """One way to run a profile: on one kind of GPU, or on the CPU, of one group of hosts."""

    fit: Fit
    group: int  # of the site's hosts
    steps: tuple[ScoreStep, ...]

    @property
    def score(self) -> float:
        """The product of the weighted steps, 0..1; a step of 0 refuses the option."""
        return 0.0 if self.refused_by else self.potential

    @property
    def potential(self) -> float:
        """The score that it would have if nothing refused it."""
        return float(prod(step.value**step.weight for step in self.steps if step.value > 0))

    @property
    def refused_by(self) -> frozenset[str]:
        return frozenset(step.name for step in self.steps if step.value == 0)


@dataclass(frozen=True)
class Candidate:
    """One profile that was considered: the ways to run it, the best first, or why there is none."""

    profile: Profile
    options: tuple[Option, ...] = ()
    misfit: Misfit | None = None

    @property
    def verdict(self) -> Fit | Misfit:
        if self.options:
            return self.options[0].fit
        assert self.misfit is not None
        return self.misfit

    @property
    def steps(self) -> tuple[ScoreStep, ...]:
        return self.options[0].steps if self.options else ()

    @property
    def score(self) -> float:
        return self.options[0].score if self.options else 0.0

    @property
    def potential(self) -> float:
        return self.options[0].potential if self.options else 0.0

    @property
    def refusal(self) -> str | None:
        """Why it cannot run, or None where it can."""
        if self.misfit is not None:
            return "; ".join(self.misfit.reasons)
        return "; ".join(step.why for step in self.steps if step.value == 0) or None


@dataclass(frozen=True)
class Placement:
    """Equal replicas on equal hosts: `gpu_sets` has one set of GPUs or MIG slices for each replica of a host."""

    option: Option
    gpu_sets: tuple[tuple[DeviceId, ...], ...]  # an empty set: the CPU
    num_hosts: int

    @property
    def fit(self) -> Fit:
        return self.option.fit

    @property
    def num_replicas(self) -> int:
        return len(self.gpu_sets) * self.num_hosts // self.fit.pipeline_parallel_size

    @property
    def num_gpus(self) -> int:
        return sum(map(len, self.gpu_sets)) * self.num_hosts


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
    site: Site
    candidates: tuple[Candidate, ...]
    placements: tuple[Placement, ...]  # the best first; all of one model
    reason: str  # one sentence: why this one, or why none
    failure: PlanFailure | None = None
    nearest: str | None = None
    notices: tuple[str, ...] = ()
    room: int | None = None  # for so many replicas, where bounds ask for more

    @property
    def chosen(self) -> Fit | None:
        return self.placements[0].fit if self.placements else None

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """Those that will run, each once."""
        return tuple(dict.fromkeys(placement.fit.profile for placement in self.placements))

    @property
    def inventory(self) -> Inventory:
        """The machine that the first replica runs on, or the first of the site."""
        return self.site.hosts[self.placements[0].option.group if self.placements else 0].inventory

    @property
    def num_replicas(self) -> int:
        return sum(placement.num_replicas for placement in self.placements)
