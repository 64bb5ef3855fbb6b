"""What runs: a `Fleet` as it was observed, in Ray Serve's words (application, deployment, replica)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from orchestrator.core.deployment import GATEWAY, DeploymentSpec, Predicted
from orchestrator.core.held import Held, why_held
from orchestrator.core.replica_bounds import ReplicaBounds, exactly
from orchestrator.core.scaling.decision import DecisionStep, ScalingDecision
from orchestrator.core.scaling.goal import ScalingGoal

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


@dataclass(frozen=True)
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

    @property
    def decode_tok_s(self) -> float | None:
        """Of one stream, as the engine measured since its start; None before it has generated enough to tell."""
        if self.generation_tokens_total < MEASURABLE_TOKENS or not self.generation_s_total:
            return None
        return self.generation_tokens_total / self.generation_s_total


@dataclass(frozen=True)
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


def fleet_of(
    spec: DeploymentSpec,
    endpoint: str,
    application: Application | None,
    gateway_ready: bool | None,
    decided: Decided | None = None,
) -> Fleet:
    """What was asked for and what was seen of it, as one fleet; None as in `conditions`."""
    least = spec.bounds.min_replicas if spec.bounds else None
    return Fleet(
        name=spec.fleet,
        phase=phase(application, gateway_ready, least),
        model=spec.model,
        profile=spec.profiles,
        engine=spec.engines,
        endpoint=endpoint,
        target_num_replicas=application.target_num_replicas if application else spec.num_replicas,
        replicas=application.replicas if application else (),
        conditions=conditions(application, gateway_ready, least),
        predicted=tuple((variant.name, variant.predicted) for variant in spec.variants),
        loras=spec.gateway.loras,
        scaling=_scaling(spec, decided),
        prices_per_hour=tuple((each.name, each.price_per_hour) for each in spec.variants if each.price_per_hour),
        targets=application.targets if application else {},
    )


def _scaling(spec: DeploymentSpec, decided: Decided | None) -> Scaling | None:
    """None where the number of replicas is fixed and nobody asked for more than that."""
    if spec.scaling is None or (spec.bounds is None and spec.scaling.goal == ScalingGoal()):
        return None
    return Scaling(spec.bounds or exactly(spec.num_replicas), decided, spec.scaling.goal)


def with_held(fleet: Fleet, held: Held | None) -> Fleet:
    """The fleet with what its gateway holds, and why."""
    states = {replica.state for replica in fleet.engines}
    told = held and replace(held, reason=why_held(held, fleet.target_num_replicas, states))
    return replace(fleet, held=told)


def conditions(
    application: Application | None, gateway_ready: bool | None, least: int | None = None
) -> tuple[Condition, ...]:
    """What is known of the controller, the gateway and the replicas, each with its reason.

    `application` is None when Ray does not answer, `gateway_ready` is None when the gateway does not. So many replicas
    have to run as `least` says; None: all that were asked for.
    """
    gateway = _gateway(gateway_ready, _idle(application, gateway_ready, least))
    return (_controller(application), gateway, _replicas(application, least))


def phase(application: Application | None, gateway_ready: bool | None, least: int | None = None) -> FleetPhase:
    """The one word, from what answers now: a fleet that serves is never called failed."""
    if gateway_ready:
        return FleetPhase.READY if _whole(application, least) else FleetPhase.DEGRADED
    if application is None:
        return FleetPhase.UNAVAILABLE
    if _idle(application, gateway_ready, least):
        return FleetPhase.IDLE
    if application.status == "DEPLOY_FAILED":
        return FleetPhase.FAILED
    return FleetPhase.STARTING if application.status in ("DEPLOYING", "NOT_STARTED") else FleetPhase.UNAVAILABLE


def command(words: str, fleet: str, where: str = "") -> str:
    """The `qorch` command that does this to a fleet, as a person would type it; `where` has a cluster's options."""
    named = "" if fleet == DEFAULT_NAME else f"--fleet {fleet}"
    return " ".join(filter(None, ("qorch", words, named, where)))


def _whole(application: Application | None, least: int | None) -> bool:
    """Whether Serve has reached what was asked for, or at least so many, and the gateway knows each to be ready."""
    if application is None or application.status != "RUNNING":
        return False
    return sum(replica.ready for replica in _running(application)) >= _wanted(application, least)


def _wanted(application: Application, least: int | None) -> int:
    return application.target_num_replicas if least is None else least


def _running(application: Application) -> list[Replica]:
    """The engine replicas that run as far as is known: an engine that the gateway has not told of counts as well."""
    engines = (replica for replica in application.replicas if replica.deployment != GATEWAY)
    return [replica for replica in engines if replica.state == "RUNNING" and _engine_well(replica)]


def _engine_well(replica: Replica) -> bool:
    return replica.engine is None or replica.engine.ready


def _controller(application: Application | None) -> Condition:
    if application is None:
        return Condition(CONTROLLER_REACHABLE, False, "NoAnswer", "Ray's Serve controller does not answer")
    return Condition(CONTROLLER_REACHABLE, True, "Answers", f"the application is {application.status}")


def _idle(application: Application | None, gateway_ready: bool | None, least: int | None) -> bool:
    """Whether there is no replica because none is needed, and a gateway that holds what comes until there is."""
    at_rest = application is not None and application.status == "RUNNING" and not application.target_num_replicas
    return at_rest and least == 0 and gateway_ready is False


def _gateway(ready: bool | None, idle: bool) -> Condition:
    if ready is None:
        return Condition("Available", False, "GatewayDown", "the gateway does not answer")
    if idle:
        return Condition("Available", True, "Idle", "no replica is needed; the next request starts one")
    if not ready:
        return Condition("Available", False, "NoEngineReady", "the gateway answers, but no engine is ready")
    return Condition("Available", True, "Answers", "a model answers")


def _replicas(application: Application | None, least: int | None) -> Condition:
    if application is None:
        return Condition("ReplicasReady", False, "Unknown", "the replicas cannot be seen")
    running = len(_running(application))
    message = f"{running} of {application.target_num_replicas} replicas run"
    if running >= _wanted(application, least):
        return Condition("ReplicasReady", True, "AllRunning", message)
    return Condition("ReplicasReady", False, application.status, _with_cause(message, application.message))


def _with_cause(message: str, cause: str) -> str:
    lines = [line.strip() for line in cause.splitlines() if line.strip().startswith("qorch:")]
    return f"{message}; {lines[-1]}" if lines else message
