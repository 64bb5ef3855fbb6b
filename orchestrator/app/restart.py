"""`qorch restart`: a new engine in the place of a replica's own, one replica after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from orchestrator.app.asked_replica import Patience, engine_of, follow, named, seen, tell
from orchestrator.app.ports import Reporter, Running
from orchestrator.core.amounts import counted
from orchestrator.core.by_hand import ReplicaOrder, Verb
from orchestrator.core.errors import DeployFailed, EnvironmentNotReady, TimedOut, UsageError
from orchestrator.core.fleet import Fleet, Replica
from orchestrator.core.hand_course import HandCourse, Stage
from orchestrator.core.restart_order import RestartOrder, restart_order

MemoryAvailable = Callable[[], int | None]  # bytes of this host; None in a cluster


def restart(
    runtime: Running, wanted: Sequence[str], memory_available: MemoryAvailable, patience: Patience, reporter: Reporter
) -> None:
    """Restart these replicas, or without any all that are not drained; raises QorchError.

    Never more than one is out at a time, and the first that fails ends it.
    """
    deadline_s = time.monotonic() + patience.timeout_s
    with runtime.locked("restart"):
        _, fleet = seen(runtime)
        names = [named(runtime, fleet, each).replica_id for each in dict.fromkeys(wanted)] or _all(runtime, fleet)
        if len(names) > 1 and not patience.wait:
            raise UsageError(
                f"{counted(len(names), 'replica')} are restarted one after the other, and --no-wait waits for none",
                hint=runtime.command(f"restart {names[0]} --no-wait"),
            )
        restarting = Restarting(runtime, memory_available, patience, deadline_s, reporter)
        for number, name in enumerate(names):
            restarting.restart(name, f"{number} of {len(names)} restarted", among_many=len(names) > 1)


def _all(runtime: Running, fleet: Fleet) -> list[str]:
    running = [each.replica_id for each in fleet.engines if each.state == "RUNNING" and not each.drained]
    if not running:
        raise EnvironmentNotReady(f"no replica of {runtime.name!r} runs", hint=runtime.command("status"))
    return running


@dataclass(frozen=True)
class Restarting:
    """One replica after the other, all within one deadline."""

    runtime: Running
    memory_available: MemoryAvailable
    patience: Patience
    deadline_s: float
    reporter: Reporter

    def restart(self, name: str, so_far: str, among_many: bool) -> None:
        if among_many:
            self._await_others(name, so_far)
        spec, fleet = seen(self.runtime)
        replica = next((each for each in fleet.engines if each.replica_id == name), None)
        if replica is None:  # of several: the first was there a moment ago
            self.reporter.say(f"{name} has ended meanwhile")
            return
        before = engine_of(self.runtime, replica)
        order = restart_order(spec, fleet, replica, self.memory_available())
        self.reporter.say(f"{name}: {order}{_alone(fleet, replica, order)}")
        tell(self.runtime, ReplicaOrder(name, Verb.RESTART, order.new_first, self.patience.drain_s))
        if self.patience.wait:
            course = follow(self.runtime, "restart", name, before, self.deadline_s, self.reporter)
            self._end(name, course, order, fleet.target_num_replicas, so_far)

    def _await_others(self, name: str, so_far: str) -> None:
        """Until every other replica is ready, so that no more than one is out; raises TimedOut."""
        while time.monotonic() < self.deadline_s:
            out = _out(self.runtime.observe(), name)
            if not out:
                return
            self.reporter.phase("restart", f"{so_far}; waits for {', '.join(out)}")
            time.sleep(self.runtime.look_every_s)
        raise TimedOut(f"{so_far}; the others were not ready in time", hint=self.runtime.command("status"))

    def _end(self, name: str, course: HandCourse, order: RestartOrder, wanted: int, so_far: str) -> None:
        """Tell how it ended; raises DeployFailed where it is not as it should be."""
        if course.stage is Stage.DONE:
            self.reporter.done("restart", f"{name} answers with a new engine")
            if course.told:
                self.reporter.say(f"{name}: {course.told}")
        elif course.stage is Stage.GONE and seen(self.runtime)[1].target_num_replicas < wanted:
            self.reporter.say(f"{name} has gone: fewer replicas are wanted")
        else:
            raise DeployFailed(f"{_failure(name, course, order)} ({so_far})", hint=self.runtime.command(f"logs {name}"))


def _out(fleet: Fleet | None, name: str) -> list[str]:
    """What is waited for before this replica is restarted."""
    if fleet is None or not fleet.replicas:
        return ["Ray to answer"]
    return [each.replica_id for each in fleet.engines if not (each.ready or each.drained) and each.replica_id != name]


def _alone(fleet: Fleet, replica: Replica, order: RestartOrder) -> str:
    """What the clients of a replica without company notice."""
    others = [each for each in fleet.engines if each.ready and each is not replica]
    return "" if others or order.new_first else "; requests wait until it is ready"


def _failure(name: str, course: HandCourse, order: RestartOrder) -> str:
    if course.stage is Stage.GONE:
        return f"the replica {name} has ended before its new engine was ready"
    after = "the old one answers as before" if order.new_first else "Ray Serve starts another replica in its place"
    return f"the new engine of {name} did not start: {course.told}; {after}"
