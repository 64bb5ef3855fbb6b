"""A fleet out of what was asked for and what was seen of it: one word for it, and what is so or not."""

from __future__ import annotations

from dataclasses import replace

from orchestrator.core.deployment import GATEWAY, DeploymentSpec
from orchestrator.core.fleet import (
    CONTROLLER_REACHABLE,
    Application,
    Condition,
    Decided,
    Fleet,
    FleetPhase,
    Replica,
    Scaling,
)
from orchestrator.core.held import Held, why_held
from orchestrator.core.replica_bounds import exactly
from orchestrator.core.scaling.goal import ScalingGoal


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


def _whole(application: Application | None, least: int | None) -> bool:
    """Whether Serve has reached what was asked for, or at least so many, and the gateway knows each to be ready."""
    if application is None or application.status != "RUNNING":
        return False
    ready = sum(replica.ready for replica in _running(application))
    return ready + _drained(application) >= _wanted(application, least)


def _wanted(application: Application, least: int | None) -> int:
    return application.target_num_replicas if least is None else least


def _running(application: Application) -> list[Replica]:
    """The engine replicas that run as far as is known: an engine that the gateway has not told of counts as well."""
    engines = (replica for replica in application.replicas if replica.deployment != GATEWAY)
    return [replica for replica in engines if replica.state == "RUNNING" and _engine_well(replica)]


def _drained(application: Application) -> int:
    """Those that a person has stand aside: nothing is wrong with a fleet that has them."""
    return sum(each.drained for each in application.replicas)


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
    running, drained = len(_running(application)), _drained(application)
    aside = f", {drained} drained by hand" if drained else ""
    message = f"{running} of {application.target_num_replicas} replicas run{aside}"
    if running + drained >= _wanted(application, least):
        return Condition("ReplicasReady", True, "AllRunning", message)
    return Condition("ReplicasReady", False, application.status, _with_cause(message, application.message))


def _with_cause(message: str, cause: str) -> str:
    lines = [line.strip() for line in cause.splitlines() if line.strip().startswith("qorch:")]
    return f"{message}; {lines[-1]}" if lines else message
