"""`qorch bench fit`: measure the running fleet under the loads that its plan predicted."""

from __future__ import annotations

from typing import Protocol

from orchestrator.app.ports import Runtime
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.fit_report import Comparison, MeasuredLoad, comparisons, loads
from orchestrator.core.fleet import EngineView, Fleet, command
from orchestrator.core.load_time import Load
from orchestrator.core.replica_bounds import exactly


class Clients(Protocol):
    """Clients of a fleet's endpoint."""

    def run(self, load: Load) -> MeasuredLoad: ...


def measurable(runtime: Runtime, name: str) -> DeploymentSpec:
    """The fleet's specification; raises EnvironmentNotReady unless one replica serves, of which speed was predicted."""
    spec = runtime.deployed()
    if spec is None:
        raise EnvironmentNotReady(f"there is no fleet {name!r} on this host", hint=command("up", name))
    if (has := spec.bounds or exactly(spec.num_replicas)) != exactly(1):
        count = has.min_replicas if has.fixed else has
        problem = f"the figures are of one replica, and the fleet {name!r} has {count}"
        raise EnvironmentNotReady(problem, hint=command("scale 1", name))
    if spec.variants[0].predicted.speed is None:
        problem = f"the plan of {spec.profiles} predicted no speed to compare with"
        raise EnvironmentNotReady(problem, hint=f"qorch plan --explain {spec.variants[0].engine.profile}")
    _engine(runtime.observe(), name)
    return spec


def measure(runtime: Runtime, name: str, clients: Clients) -> tuple[Comparison, ...]:
    """Each figure of a measurable fleet."""
    predicted = measurable(runtime, name).variants[0].predicted
    assert predicted.speed is not None
    alone, many = (clients.run(load) for load in loads(predicted.speed))
    return tuple(comparisons(predicted, _engine(runtime.observe(), name), alone, many))


def _engine(fleet: Fleet | None, name: str) -> EngineView:
    engines = fleet.engines if fleet is not None else ()
    ready = [replica.engine for replica in engines if replica.engine is not None and replica.engine.ready]
    if not ready:
        raise EnvironmentNotReady(f"no engine of the fleet {name!r} is ready", hint=command("status", name))
    return ready[0]
