"""`qorch scale`: another number of replicas for a fleet that runs, or other bounds where it follows the load."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrator.app.ports import Reporter, Running
from orchestrator.core.amounts import counted, gib
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.errors import DoesNotFit, EnvironmentNotReady, TimedOut
from orchestrator.core.fleet import Fleet, FleetPhase
from orchestrator.core.reach import allowed_of_spec, require_reachable
from orchestrator.core.replica_bounds import ReplicaBounds, checked_bounds, exactly
from orchestrator.core.scaled import as_seen, bounded, host_bytes, most_replicas, scaled


@dataclass(frozen=True)
class Asked:
    """Fewest and most replicas, None for as it is, and what the fleet shall reach with them."""

    min_replicas: int | None = None
    max_replicas: int | None = None
    goal: Mapping[str, Any] = field(default_factory=dict)  # fields of a ScalingGoal that shall be otherwise

    def of(self, now: ReplicaBounds, fleet: Running) -> ReplicaBounds:
        fewest = now.min_replicas if self.min_replicas is None else self.min_replicas
        most = now.max_replicas if self.max_replicas is None else self.max_replicas
        return checked_bounds(fewest, most, fleet.command(f"scale --min {fewest} --max {max(fewest, most)}"))


def scale(
    runtime: Running, asked: Asked, memory_available_bytes: int | None, timeout_s: float, wait: bool, reporter: Reporter
) -> Fleet | None:
    """Ask for so many replicas and, with `wait`, return once no fewer and no more run; raises QorchError.

    The memory is this host's; in a cluster, None, replicas have it where the plan found room for them.
    """
    with runtime.locked("scale"):
        spec = runtime.deployed()
        if spec is None:
            raise EnvironmentNotReady(f"there is no fleet {runtime.name!r} to scale", hint=runtime.command("up"))
        now = spec.bounds or exactly(spec.num_replicas)
        bounds = asked.of(now, runtime)
        _require_open(runtime, spec, bounds, asked.goal)
        changed = _changed(spec, bounds, asked.goal)
        if bounds == now and changed == spec:
            reporter.say(f"{_counted(bounds)} asked for already: nothing to change")
        else:
            _require_answering(runtime, bounds)
            _require_room(runtime, as_seen(spec, runtime.observe()), bounds, memory_available_bytes)
            runtime.apply(changed)
            if asked.goal and bounds.fixed:
                reporter.say(
                    f"the number of replicas stays at {bounds.min_replicas}: --min and --max let it follow the load"
                )
        return _wait(runtime, bounds, timeout_s, reporter) if wait else runtime.observe()


def _changed(spec: DeploymentSpec, bounds: ReplicaBounds, goal: Mapping[str, Any]) -> DeploymentSpec:
    """As it shall be; raises QorchError for a goal that cannot be reached so."""
    if spec.scaling is None:
        return scaled(spec, bounds.max_replicas)
    scaling = replace(spec.scaling, goal=replace(spec.scaling.goal, **goal))
    changed = replace(spec if bounds == spec.bounds else bounded(spec, bounds), scaling=scaling)
    require_reachable(allowed_of_spec(changed), scaling.goal)
    return changed


def _require_open(runtime: Running, spec: DeploymentSpec, bounds: ReplicaBounds, goal: Mapping[str, Any]) -> None:
    """Ray Serve takes a policy only with an application that starts."""
    if spec.scaling is None and (goal or not bounds.fixed):
        up = f"up --min-replicas {bounds.min_replicas} --max-replicas {bounds.max_replicas}"
        raise EnvironmentNotReady(
            f"the fleet {spec.fleet!r} was started so that its number of replicas can never follow the load",
            hint=f"{runtime.command('down')}, then {runtime.command(up)}",
        )


def _require_answering(runtime: Running, bounds: ReplicaBounds) -> None:
    """Raises EnvironmentNotReady where all that are left may be drained: Ray Serve stops the newest."""
    fleet = runtime.observe()
    drained = [] if fleet is None else [each.replica_id for each in fleet.engines if each.drained]
    if drained and bounds.max_replicas <= len(drained):
        raise EnvironmentNotReady(
            f"of {bounds.max_replicas} all may be drained, as {', '.join(drained)} now: nothing would answer",
            hint=runtime.command(f"restart {' '.join(drained)}"),
        )


def _require_room(runtime: Running, seen: DeploymentSpec, bounds: ReplicaBounds, available_bytes: int | None) -> None:
    """Raises DoesNotFit when there is no room for the replicas that may be added to those that are `seen`."""
    wanted, most = scaled(seen, bounds.max_replicas), bounds.max_replicas
    added = counted(most - seen.num_replicas, "more replica")
    if wanted.num_replicas < most:
        raise DoesNotFit(
            f"{added} are asked for, and {_found(seen)} are enough for {wanted.num_replicas} replicas in all",
            hint=_most(runtime, seen, bounds, available_bytes) or _look(runtime, seen, bounds),
        )
    needed_bytes = host_bytes(wanted) - host_bytes(seen)
    if available_bytes is not None and needed_bytes > available_bytes:
        raise DoesNotFit(
            f"{added} would take {gib(needed_bytes)}, {gib(available_bytes)} are available",
            hint=_most(runtime, seen, bounds, available_bytes) or "free -h",
        )


def _found(spec: DeploymentSpec) -> str:
    return f"the {'nodes' if spec.on_pods else 'GPUs'} that the plan found"


def _look(runtime: Running, spec: DeploymentSpec, bounds: ReplicaBounds) -> str:
    """A cluster is planned over anew; a host has what it has."""
    if not spec.on_pods:
        return "nvidia-smi"
    counts = f"--replicas {bounds.max_replicas}" if bounds.fixed else f"--max-replicas {bounds.max_replicas}"
    return runtime.command(f"up {counts}")


def _most(runtime: Running, seen: DeploymentSpec, bounds: ReplicaBounds, available_bytes: int | None) -> str | None:
    """The command that asks for as many as there is room for; None where that is none more."""
    most = most_replicas(seen, available_bytes)
    if most is None or most <= seen.num_replicas:
        return None
    return runtime.command(f"scale {most}" if bounds.fixed else f"scale --max {most}")


def _wait(runtime: Running, bounds: ReplicaBounds, timeout_s: float, reporter: Reporter) -> Fleet:
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
        time.sleep(runtime.look_every_s)
    raise TimedOut(
        f"not {_counted(bounds)} within {timeout_s:g} s; it goes on in the background",
        hint=runtime.command("status --watch"),
    )


def _settled(fleet: Fleet, bounds: ReplicaBounds) -> bool:
    serves = fleet.phase is FleetPhase.READY or not bounds.min_replicas
    there = fleet.ready_replicas + fleet.drained_replicas
    return serves and there >= bounds.min_replicas and len(fleet.engines) <= bounds.max_replicas


def _counted(bounds: ReplicaBounds) -> str:
    return counted(bounds.min_replicas, "replica") if bounds.fixed else f"{bounds} replicas"
