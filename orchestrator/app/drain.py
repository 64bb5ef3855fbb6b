"""`qorch drain`: a replica takes no new request, finishes what it answers, and stands aside until it is restarted."""

from __future__ import annotations

import time

from orchestrator.app.asked_replica import Patience, engine_of, follow, named, seen, tell
from orchestrator.app.ports import Reporter, Running
from orchestrator.core.by_hand import ReplicaOrder, Verb
from orchestrator.core.errors import DeployFailed, EnvironmentNotReady
from orchestrator.core.fleet import EngineView, Fleet, Replica
from orchestrator.core.hand_course import Stage


def drain(runtime: Running, replica_id: str, patience: Patience, reporter: Reporter) -> None:
    """Have it stand aside and, with `wait`, return once its engine has stopped; raises QorchError."""
    deadline_s = time.monotonic() + patience.timeout_s
    with runtime.locked("drain"):
        _, fleet = seen(runtime)
        replica = named(runtime, fleet, replica_id)
        before = engine_of(runtime, replica)
        _require_another(runtime, fleet, replica)
        tell(runtime, ReplicaOrder(replica_id, Verb.DRAIN, drain_s=patience.drain_s))
        if patience.wait:
            _follow(runtime, replica_id, before, deadline_s, reporter)


def _require_another(runtime: Running, fleet: Fleet, replica: Replica) -> None:
    """Raises EnvironmentNotReady where nothing would answer any more."""
    if not any(each.ready for each in fleet.engines if each is not replica):
        raise EnvironmentNotReady(
            f"no other replica than {replica.replica_id} is ready: nothing would answer",
            hint=runtime.command(f"restart {replica.replica_id}"),
        )


def _follow(runtime: Running, replica_id: str, before: EngineView, deadline_s: float, reporter: Reporter) -> None:
    course = follow(runtime, "drain", replica_id, before, deadline_s, reporter)
    if course.stage is not Stage.DONE:
        raise DeployFailed(
            f"the replica {replica_id} has ended before it was drained; where one is wanted Ray Serve starts another",
            hint=runtime.command("status"),
        )
    reporter.done("drain", f"{replica_id} has no engine and keeps its place")
    if course.told:
        reporter.say(f"{replica_id}: {course.told}")
