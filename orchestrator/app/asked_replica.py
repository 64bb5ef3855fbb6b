"""One replica of a fleet that a person has do something: found by its name, told, and followed."""

from __future__ import annotations

import time
from dataclasses import dataclass
from difflib import get_close_matches

from orchestrator.app.ports import Reporter, Running
from orchestrator.core.by_hand import ReplicaOrder
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.errors import EnvironmentNotReady, TimedOut, UsageError
from orchestrator.core.fleet import EngineView, Fleet, Replica
from orchestrator.core.hand_course import HandCourse, Stage, hand_course


@dataclass(frozen=True)
class Patience:
    """How long a replica has to finish what it answers, how long is waited in all, and whether at all."""

    drain_s: float
    timeout_s: float
    wait: bool = True


def seen(runtime: Running) -> tuple[DeploymentSpec, Fleet]:
    """The fleet now, and what was deployed; raises EnvironmentNotReady where there is none, or it cannot be seen."""
    spec = runtime.deployed()
    fleet = None if spec is None else runtime.observe()
    if spec is None or fleet is None:
        raise EnvironmentNotReady(f"there is no fleet {runtime.name!r}", hint=runtime.command("up"))
    if not fleet.replicas:
        raise EnvironmentNotReady(
            "the replicas cannot be seen: Ray's Serve controller does not answer", hint=runtime.command("status")
        )
    return spec, fleet


def named(runtime: Running, fleet: Fleet, replica_id: str) -> Replica:
    """The engine replica of this name; raises UsageError, which knows the nearest."""
    by_name = {each.replica_id: each for each in fleet.engines}
    if replica_id in by_name:
        return by_name[replica_id]
    if any(each.replica_id == replica_id for each in fleet.replicas):
        raise UsageError(f"the replica {replica_id} is a gateway, which has no engine", hint=runtime.command("status"))
    near = get_close_matches(replica_id, by_name, n=1)
    told = f"did you mean {near[0]}?" if near else f"there are: {', '.join(by_name) or 'none'}"
    raise UsageError(f"there is no replica {replica_id!r}; {told}", hint=runtime.command("status"))


def engine_of(runtime: Running, replica: Replica) -> EngineView:
    """Its engine as the gateway tells of it; raises EnvironmentNotReady where it does not."""
    if replica.engine is None:
        raise EnvironmentNotReady(
            f"the replica {replica.replica_id} is {replica.state}, and the gateway tells of no engine of it",
            hint=runtime.command("status"),
        )
    return replica.engine


def tell(runtime: Running, order: ReplicaOrder) -> None:
    """Raises EnvironmentNotReady where the replica refuses, or cannot be told."""
    try:
        runtime.order(order)
    except EnvironmentNotReady as refused:
        raise EnvironmentNotReady(refused.message, hint=refused.hint or runtime.command("status")) from refused


def follow(
    runtime: Running, verb: str, replica_id: str, before: EngineView, deadline_s: float, reporter: Reporter
) -> HandCourse:
    """Until it is no longer going on; raises TimedOut."""
    while time.monotonic() < deadline_s:
        course = hand_course(before, replica_id, runtime.observe())
        if course.stage is not Stage.GOING_ON:
            return course
        reporter.phase(verb, f"{replica_id}: {course.told or 'has been told'}")
        time.sleep(runtime.look_every_s)
    raise TimedOut(
        f"{replica_id} is not through in time; it goes on in the background", hint=runtime.command("status --watch")
    )
