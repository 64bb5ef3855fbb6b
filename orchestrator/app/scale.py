"""`qorch scale`: another number of replicas for a fleet that runs, or other bounds where it follows the load."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.app.ports import Reporter, Runtime
from orchestrator.core.amounts import counted, gib
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.errors import DoesNotFit, EnvironmentNotReady, TimedOut
from orchestrator.core.fleet import Fleet, FleetPhase, command
from orchestrator.core.reach import allowed_of_spec, require_reachable
from orchestrator.core.replica_bounds import ReplicaBounds, checked_bounds, exactly
from orchestrator.core.scaled import as_seen, bounded, host_bytes, most_replicas, scaled

POLL_S = 0.2


@dataclass(frozen=True)
class Asked:
    """Fewest and most replicas, None for as it is, and what the fleet shall reach with them."""

    min_replicas: int | None = None
    max_replicas: int | None = None
    goal: Mapping[str, Any] = field(default_factory=dict)  # fields of a ScalingGoal that shall be otherwise

    def of(self, now: ReplicaBounds, fleet: str) -> ReplicaBounds:
        fewest = now.min_replicas if self.min_replicas is None else self.min_replicas
        most = now.max_replicas if self.max_replicas is None else self.max_replicas
        return checked_bounds(fewest, most, command(f"scale --min {fewest} --max {max(fewest, most)}", fleet))


def scale(
    runtime: Runtime, asked: Asked, memory_available_bytes: int, timeout_s: float, wait: bool, reporter: Reporter
) -> Fleet | None:
    """Ask for so many replicas and, with `wait`, return once no fewer and no more run; raises QorchError."""
    with runtime.locked("scale"):
        spec = runtime.deployed()
        if spec is None:
            raise EnvironmentNotReady(f"there is no fleet {runtime.name!r} to scale", hint=command("up", runtime.name))
        now = spec.bounds or exactly(spec.num_replicas)
        bounds = asked.of(now, runtime.name)
        _require_open(spec, bounds, asked.goal)
        changed = _changed(spec, bounds, asked.goal)
        if bounds == now and changed == spec:
            reporter.say(f"{_counted(bounds)} asked for already: nothing to change")
        else:
            _require_room(spec, as_seen(spec, runtime.observe()), bounds, memory_available_bytes)
            runtime.apply(changed)
        return _wait(runtime, bounds, timeout_s, reporter) if wait else runtime.observe()


def _changed(spec: DeploymentSpec, bounds: ReplicaBounds, goal: Mapping[str, Any]) -> DeploymentSpec:
    """As it shall be; raises QorchError for a goal that cannot be reached so."""
    if spec.scaling is None:
        return scaled(spec, bounds.max_replicas)
    scaling = replace(spec.scaling, goal=replace(spec.scaling.goal, **goal))
    changed = replace(spec if bounds == spec.bounds else bounded(spec, bounds), scaling=scaling)
    require_reachable(allowed_of_spec(changed), scaling.goal)
    return changed


def _require_open(spec: DeploymentSpec, bounds: ReplicaBounds, goal: Mapping[str, Any]) -> None:
    """Ray Serve takes a policy only with an application that starts."""
    if spec.scaling is None and (goal or not bounds.fixed):
        up = f"up --min-replicas {bounds.min_replicas} --max-replicas {bounds.max_replicas}"
        raise EnvironmentNotReady(
            f"the fleet {spec.fleet!r} was started with a fixed number of replicas",
            hint=f"{command('down', spec.fleet)}, then {command(up, spec.fleet)}",
        )


def _require_room(spec: DeploymentSpec, seen: DeploymentSpec, bounds: ReplicaBounds, available_bytes: int) -> None:
    """Raises DoesNotFit when the host has no room for the replicas that may be added to those that are `seen`."""
    wanted, most = scaled(seen, bounds.max_replicas), bounds.max_replicas
    added = counted(most - seen.num_replicas, "more replica")
    if wanted.num_replicas < most:
        gpus = f"the GPUs that the plan found are enough for {wanted.num_replicas}"
        raise DoesNotFit(
            f"{added} are asked for, and {gpus} replicas in all",
            hint=_most(seen, bounds, available_bytes, "nvidia-smi"),
        )
    needed_bytes = host_bytes(wanted) - host_bytes(seen)
    if needed_bytes > available_bytes:
        raise DoesNotFit(
            f"{added} would take {gib(needed_bytes)}, {gib(available_bytes)} are available",
            hint=_most(seen, bounds, available_bytes, "free -h"),
        )


def _most(seen: DeploymentSpec, bounds: ReplicaBounds, available_bytes: int, look: str) -> str:
    """The command that asks for as many as there is room for; where that is none more, how to look for room."""
    most = most_replicas(seen, available_bytes)
    if most is None or most <= seen.num_replicas:
        return look
    return command(f"scale {most}" if bounds.fixed else f"scale --max {most}", seen.fleet)


def _wait(runtime: Runtime, bounds: ReplicaBounds, timeout_s: float, reporter: Reporter) -> Fleet:
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        fleet = runtime.observe()
        if fleet is not None and _settled(fleet, bounds):
            reporter.done("scale", f"{fleet.ready_replicas} of {_counted(bounds)} run")
            return fleet
        failure = runtime.failure()
        if failure is not None:
            raise failure
        running = fleet.ready_replicas if fleet is not None else 0
        reporter.phase("scale", f"{running} of {_counted(bounds)} run")
        time.sleep(POLL_S)
    raise TimedOut(
        f"not {_counted(bounds)} within {timeout_s:g} s; it goes on in the background",
        hint=command("status --watch", runtime.name),
    )


def _settled(fleet: Fleet, bounds: ReplicaBounds) -> bool:
    serves = fleet.phase is FleetPhase.READY or not bounds.min_replicas
    return serves and fleet.ready_replicas >= bounds.min_replicas and len(fleet.engines) <= bounds.max_replicas


def _counted(bounds: ReplicaBounds) -> str:
    return counted(bounds.min_replicas, "replica") if bounds.fixed else f"{bounds} replicas"
