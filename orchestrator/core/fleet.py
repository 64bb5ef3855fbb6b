"""What runs: a `Fleet` as it was observed, in Ray Serve's words (application, deployment, replica)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from orchestrator.core.by_hand import Task
from orchestrator.core.deployment import GATEWAY, Predicted
from orchestrator.core.held import Held
from orchestrator.core.replica_bounds import ReplicaBounds
from orchestrator.core.scaling.decision import DecisionStep, ScalingDecision
from orchestrator.core.scaling.goal import ScalingGoal
from orchestrator.core.start_steps import Steps

DEFAULT_NAME = "default"
CONTROLLER_REACHABLE = "ControllerReachable"
MEASURABLE_TOKENS = 32  # the completion that every engine is probed with has one, in no time that can be measured


class FleetPhase(StrEnum):
    """One word for the whole fleet."""

    STARTING = "Starting"
    READY = "Ready"
    DEGRADED = "Degraded"  # it answers, but not with every replica that was asked for
    IDLE = "Idle"  # nothing has come for long, so that there is no replica; the next request starts one
    UNAVAILABLE = "Unavailable"  # nothing answers
    FAILED = "Failed"


@dataclass(frozen=True)
class Condition:
    """One thing that is so or not, as Kubernetes says it."""

    type: str
    status: bool
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class EngineView:
    """What the engine of a replica tells of itself; counters run from the engine's start."""

    pid: int
    port: int
    ready: bool
    reason: str
    load_s: float
    max_num_seqs: int
    in_flight: int
    num_requests_running: int
    num_requests_waiting: int
    prompt_tokens_total: int
    generation_tokens_total: int
    generation_s_total: float = 0.0
    memory_bytes: int | None = None  # proportional set size of its process; None where it cannot be read
    kv_cache_usage: float | None = None  # share of its pool, 0 to 1; None where the engine does not tell
    devices: tuple[str, ...] = ()  # UUIDs of its GPUs
    started_at_s: float | None = None  # Unix time at which its replica began, after Ray Serve had made a place for it
    prefix_cache_queries_total: int | None = None  # tokens of prompts; None where the engine does not tell
    prefix_cache_hits_total: int | None = None
    revision: str = ""  # what it runs: the profile, and the version of the engine
    start_steps: Steps = field(default_factory=dict)  # after it was placed
    task: str = ""  # what it is at because a person asked: draining, drained, restarting
    orders_by_hand: int = 0  # that it has taken
    restarts_by_hand: int = 0  # that came to their end
    trouble_by_hand: str = ""  # what went wrong with what was asked last

    @property
    def decode_tok_s(self) -> float | None:
        """Of one stream, as the engine measured since its start; None before it has generated enough to tell."""
        if self.generation_tokens_total < MEASURABLE_TOKENS or not self.generation_s_total:
            return None
        return self.generation_tokens_total / self.generation_s_total


@dataclass(frozen=True, slots=True)
class Replica:
    """One replica of one deployment; `engine` is None for gateways, and while an engine is not seen."""

    replica_id: str
    deployment: str
    state: str  # as Ray Serve says: STARTING, RUNNING, STOPPING …
    pid: int | None
    node_ip: str | None
    started_at_s: float | None
    engine: EngineView | None = None
    reason: str = ""  # why it does not run, where its pod tells
    probed: bool = False  # ready by its pod's own probe, where nobody asks the engine

    @property
    def ready(self) -> bool:
        return self.probed if self.engine is None else self.engine.ready

    @property
    def drained(self) -> bool:
        """Whether a person has it stand aside, without an engine."""
        return self.engine is not None and self.engine.task == Task.DRAINED


@dataclass(frozen=True)
class Application:
    """What Ray Serve says of the application."""

    status: str  # DEPLOYING, RUNNING, DEPLOY_FAILED, UNHEALTHY, DELETING, NOT_STARTED
    message: str
    target_num_replicas: int
    replicas: tuple[Replica, ...]
    targets: Mapping[str, int] = field(default_factory=dict)  # replicas that are wanted of each deployment


@dataclass(frozen=True)
class Decided:
    """A decision on the number of replicas, when it was made in Unix time, and what was asked for until then."""

    at_s: float
    decision: ScalingDecision
    before: Mapping[str, int] = field(default_factory=dict)  # by variant; empty where nobody knows


def decided_from_data(data: Mapping[str, Any]) -> Decided:
    """Read what was written as JSON; raises KeyError, TypeError or ValueError on another version's."""
    decision = data["decision"]
    steps = tuple(DecisionStep(**step) for step in decision["steps"])
    made = ScalingDecision(dict(decision["replicas"]), steps, dict(decision["wanted"]))
    return Decided(float(data["at_s"]), made, dict(data["before"]))


@dataclass(frozen=True)
class Scaling:
    """Between how many replicas the fleet may have, the last decision on it, None before the first, and its goal."""

    bounds: ReplicaBounds
    last: Decided | None
    goal: ScalingGoal = field(default_factory=ScalingGoal)
    kept: str = ""  # where decisions are, where they cannot be seen from here


@dataclass(frozen=True)
class Fleet:
    """One fleet at one moment."""

    name: str
    phase: FleetPhase
    model: str
    profile: str
    engine: str
    endpoint: str
    target_num_replicas: int
    replicas: tuple[Replica, ...]
    conditions: tuple[Condition, ...]
    predicted: tuple[tuple[str, Predicted], ...] = ()  # of each variant, by the plan that it was deployed from
    loras: tuple[str, ...] = ()  # names of the adapters that are served beside the model
    scaling: Scaling | None = None  # None: the number of replicas is fixed
    held: Held | None = None  # None where no request waits for an engine, or nobody tells
    prices_per_hour: tuple[tuple[str, float], ...] = ()  # of a replica of each variant that the user gave a price for
    targets: Mapping[str, int] = field(default_factory=dict)  # replicas wanted of each deployment, where that is told

    @property
    def controlled(self) -> bool:
        """Whether Ray's Serve controller was reached when the fleet was observed."""
        return any(condition.type == CONTROLLER_REACHABLE and condition.status for condition in self.conditions)

    @property
    def engines(self) -> tuple[Replica, ...]:
        return tuple(replica for replica in self.replicas if replica.deployment != GATEWAY)

    @property
    def ready_replicas(self) -> int:
        return sum(replica.ready for replica in self.engines)

    @property
    def drained_replicas(self) -> int:
        return sum(replica.drained for replica in self.engines)


def command(words: str, fleet: str, where: str = "") -> str:
    """The `qorch` command that does this to a fleet, as a person would type it; `where` has a cluster's options."""
    named = "" if fleet == DEFAULT_NAME else f"--fleet {fleet}"
    return " ".join(filter(None, ("qorch", words, named, where)))
