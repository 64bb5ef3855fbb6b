"""`qorch scale N`: another number of replicas for a fleet that runs."""

from __future__ import annotations

import time

from orchestrator.app.ports import Reporter, Runtime
from orchestrator.core.amounts import counted, gib
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.errors import DoesNotFit, EnvironmentNotReady, TimedOut
from orchestrator.core.fleet import Fleet, FleetPhase, command
from orchestrator.core.scaled import host_bytes, most_replicas, scaled

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
            runtime.apply(_scaled(spec, num_replicas, memory_available_bytes))
        return _wait(runtime, num_replicas, timeout_s, reporter) if wait else runtime.observe()


def _scaled(spec: DeploymentSpec, num_replicas: int, available_bytes: int) -> DeploymentSpec:
    """Raises DoesNotFit when the host has no room for the replicas that are added."""
    wanted = scaled(spec, num_replicas)
    added = counted(num_replicas - spec.num_replicas, "more replica")
    if wanted.num_replicas < num_replicas:
        gpus = f"the GPUs that the plan found are enough for {wanted.num_replicas}"
        raise DoesNotFit(
            f"{added} are asked for, and {gpus} replicas in all", hint=_most(spec, available_bytes, "nvidia-smi")
        )
    needed_bytes = host_bytes(wanted) - host_bytes(spec)
    if needed_bytes > available_bytes:
        raise DoesNotFit(
            f"{added} would take {gib(needed_bytes)}, {gib(available_bytes)} are available",
            hint=_most(spec, available_bytes, "free -h"),
        )
    return wanted


def _most(spec: DeploymentSpec, available_bytes: int, look: str) -> str:
    """The command that asks for as many as there is room for; where that is none more, how to look for room."""
    most = most_replicas(spec, available_bytes)
    return command(f"scale {most}", spec.fleet) if most is not None and most > spec.num_replicas else look


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
