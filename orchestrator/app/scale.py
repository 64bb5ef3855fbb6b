"""`qorch scale N`: another number of replicas for a fleet that runs."""

from __future__ import annotations

import time
from dataclasses import replace

from orchestrator.app.ports import Reporter, Runtime
from orchestrator.core.errors import EnvironmentNotReady, TimedOut
from orchestrator.core.fleet import Fleet, FleetPhase

POLL_S = 0.2


def scale(runtime: Runtime, num_replicas: int, timeout_s: float, wait: bool, reporter: Reporter) -> Fleet | None:
    """Ask for `num_replicas` and, with `wait`, return once exactly so many run; raises TimedOut."""
    with runtime.locked("scale"):
        spec = runtime.deployed()
        if spec is None:
            raise EnvironmentNotReady(f"there is no fleet {runtime.name!r} to scale", hint="qorch up --profile auto")
        if spec.num_replicas == num_replicas:
            reporter.say(f"{num_replicas} replicas were asked for already: nothing to change")
        else:
            runtime.apply(replace(spec, num_replicas=num_replicas))
        return _wait(runtime, num_replicas, timeout_s, reporter) if wait else runtime.observe()


def _wait(runtime: Runtime, num_replicas: int, timeout_s: float, reporter: Reporter) -> Fleet:
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        fleet = runtime.observe()
        if fleet is not None and _settled(fleet, num_replicas):
            reporter.done("scale", f"{num_replicas} of {num_replicas} replicas run")
            return fleet
        running = fleet.ready_replicas if fleet is not None else 0
        reporter.phase("scale", f"{running} of {num_replicas} replicas run")
        time.sleep(POLL_S)
    raise TimedOut(f"not {num_replicas} replicas within {timeout_s:g} s", hint="qorch status --watch")


def _settled(fleet: Fleet, num_replicas: int) -> bool:
    return fleet.phase is FleetPhase.READY and fleet.ready_replicas == num_replicas == len(fleet.engines)
