"""`qorch scale N`: another number of replicas for a fleet that runs."""

from __future__ import annotations

import time
from dataclasses import replace

from orchestrator.app.ports import Reporter, Runtime
from orchestrator.core.amounts import counted, gib
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.errors import DoesNotFit, EnvironmentNotReady, TimedOut
from orchestrator.core.fleet import Fleet, FleetPhase, command

POLL_S = 0.2


def scale(
    runtime: Runtime, num_replicas: int, memory_available_bytes: int, timeout_s: float, wait: bool, reporter: Reporter
) -> Fleet | None:
    """Ask for `num_replicas` and, with `wait`, return once exactly so many run; raises QorchError."""
    with runtime.locked("scale"):
        spec = runtime.deployed()
        if spec is None:
            raise EnvironmentNotReady(f"there is no fleet {runtime.name!r} to scale", hint=command("up", runtime.name))
        if spec.num_replicas == num_replicas:
            reporter.say(f"{counted(num_replicas, 'replica')} asked for already: nothing to change")
        else:
            _require_memory(spec, num_replicas, memory_available_bytes)
            runtime.apply(replace(spec, num_replicas=num_replicas))
        return _wait(runtime, num_replicas, timeout_s, reporter) if wait else runtime.observe()


def _require_memory(spec: DeploymentSpec, num_replicas: int, available_bytes: int) -> None:
    """Raises DoesNotFit when the host has no room for the replicas that are added."""
    added = num_replicas - spec.num_replicas
    needed_bytes = added * spec.memory_bytes
    if needed_bytes > available_bytes:
        most = spec.num_replicas + available_bytes // spec.memory_bytes
        raise DoesNotFit(
            f"{counted(added, 'more replica')} would take {gib(needed_bytes)}, {gib(available_bytes)} are available",
            hint=command(f"scale {most}", spec.fleet) if most > spec.num_replicas else "free -h",
        )


def _wait(runtime: Runtime, num_replicas: int, timeout_s: float, reporter: Reporter) -> Fleet:
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        fleet = runtime.observe()
        if fleet is not None and _settled(fleet, num_replicas):
            reporter.done("scale", f"{num_replicas} of {num_replicas} replicas run")
            return fleet
        failure = runtime.failure()
        if failure is not None:
            raise failure
        running = fleet.ready_replicas if fleet is not None else 0
        reporter.phase("scale", f"{running} of {num_replicas} replicas run")
        time.sleep(POLL_S)
    raise TimedOut(
        f"not {counted(num_replicas, 'replica')} within {timeout_s:g} s; it goes on in the background",
        hint=command("status --watch", runtime.name),
    )


def _settled(fleet: Fleet, num_replicas: int) -> bool:
    return fleet.phase is FleetPhase.READY and fleet.ready_replicas == num_replicas == len(fleet.engines)
