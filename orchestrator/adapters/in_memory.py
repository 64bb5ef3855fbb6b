"""A runtime without processes: a true small implementation of the port, for tests and for trying a use case out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from orchestrator.adapters.in_memory_tasks import HandTask
from orchestrator.app.ports import FleetPaths, Removal
from orchestrator.core.by_hand import ReplicaOrder
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.errors import DeployFailed, EnvironmentNotReady
from orchestrator.core.fleet import Application, EngineView, Fleet, Replica, command
from orchestrator.core.observed import fleet_of

HOME = Path("/in-memory")
PATHS = FleetPaths(HOME / "logs", HOME / "admin_token", HOME / "gpus", HOME / "scaling.json")


class InMemoryRuntime:
    """Satisfies `orchestrator.app.ports.Runtime`: replicas take `steps_to_run` looks at them to start, and to stop.

    `calls` records what was asked for. `fails_with` makes every deployment fail, `restart_fails_with` every restart,
    `controller_answers` and `gateway_answers` say who can be reached.
    """

    where = "on this host"
    look_every_s = 0.2

    def __init__(self, name: str = "default", steps_to_run: int = 1) -> None:
        self.name = name
        self.calls: list[str] = []
        self.fails_with: DeployFailed | None = None
        self.restart_fails_with = ""
        self.controller_answers = True
        self.gateway_answers = True
        self.logs: dict[str, Path] = {}
        self._steps_to_run = steps_to_run
        self._holder: str | None = None
        self._prepared = False
        self._spec: DeploymentSpec | None = None
        self._ages: dict[str, int] = {}  # looks taken at each engine replica
        self._leaving: dict[str, int] = {}  # and at each since it was told to stop
        self._tasks: dict[str, HandTask] = {}  # of those that were asked for something
        self._numbers = count(1)

    def command(self, words: str) -> str:
        return command(words, self.name)

    @contextmanager
    def locked(self, verb: str) -> Iterator[None]:
        if self._holder is not None:
            raise EnvironmentNotReady(f"the fleet {self.name!r} is being changed by `qorch {self._holder}`")
        self._holder = verb
        try:
            yield
        finally:
            self._holder = None

    def deployed(self) -> DeploymentSpec | None:
        return self._spec

    def prepare(self, num_cpus: int, num_gpus: int) -> FleetPaths:
        self.calls.append("prepare")
        self._prepared = True
        return PATHS

    def apply(self, spec: DeploymentSpec) -> None:
        self.calls.append(f"apply {spec.num_replicas}")
        if not self._prepared:
            raise EnvironmentNotReady(f"there is no fleet {self.name!r}", hint="qorch up")
        names = list(self._ages)
        new = [f"replica-{next(self._numbers)}" for _ in range(spec.num_replicas - len(names))]
        self._leaving |= dict.fromkeys(names[spec.num_replicas :], 0)
        self._tasks = {name: each for name, each in self._tasks.items() if name in names[: spec.num_replicas]}
        self._spec = spec
        self._ages = {name: self._ages.get(name, 0) for name in (*names[: spec.num_replicas], *new)}

    def observe(self) -> Fleet | None:
        """Each look brings the replicas one step further."""
        if self._spec is None:
            return None
        self._ages = {name: age + 1 for name, age in self._ages.items()}
        self._leaving = {name: age + 1 for name, age in self._leaving.items() if age < self._steps_to_run}
        self._further()
        application = self._application(self._spec) if self.controller_answers else None
        endpoint = f"http://{self._spec.gateway.host}:{self._spec.gateway.port}/v1"
        return fleet_of(self._spec, endpoint, application, self._gateway_ready())

    def order(self, order: ReplicaOrder) -> None:
        self.calls.append(f"{order.verb} {order.replica_id}{' new first' if order.new_first else ''}")
        if order.replica_id not in self._ages:
            raise EnvironmentNotReady(f"no replica {order.replica_id} runs")
        self._tasks[order.replica_id] = self._tasks.get(order.replica_id, HandTask()).begun(order)

    def failure(self) -> DeployFailed | None:
        return self.fails_with

    def remove(self) -> Removal:
        self.calls.append("remove")
        removal = Removal(existed=self._prepared, processes_ended=1 + len(self._ages) if self._prepared else 0)
        self._prepared, self._spec, self._ages, self._leaving, self._tasks = False, None, {}, {}, {}
        return removal

    def log_files(self) -> dict[str, Path]:
        return dict(self.logs)

    def _further(self) -> None:
        """One that could not begin anew is seen once, and another comes in its place."""
        for name in [name for name, each in self._tasks.items() if each.gone]:
            del self._tasks[name], self._ages[name]
            self._ages[f"replica-{next(self._numbers)}"] = 0
        self._tasks = {name: each.further(self.restart_fails_with) for name, each in self._tasks.items()}

    def _runs(self, name: str) -> bool:
        return self.fails_with is None and self._ages[name] > self._steps_to_run

    def _gateway_ready(self) -> bool | None:
        answering = (self._runs(name) and self._tasks.get(name, HandTask()).answers for name in self._ages)
        return any(answering) if self.gateway_answers else None

    def _application(self, spec: DeploymentSpec) -> Application:
        whole = all(map(self._runs, self._ages))
        status = "DEPLOY_FAILED" if self.fails_with else "RUNNING" if whole else "DEPLOYING"
        states = {name: "RUNNING" if self._runs(name) else "STARTING" for name in self._ages}
        states |= dict.fromkeys(self._leaving, "STOPPING")
        replicas = tuple(self._replica(spec, name, state) for name, state in states.items())
        return Application(status, "", spec.num_replicas, replicas)

    def _replica(self, spec: DeploymentSpec, name: str, state: str) -> Replica:
        """The gateway knows those that run; one that stops it has forgotten already."""
        seen = self.gateway_answers and state == "RUNNING"
        engine = self._tasks.get(name, HandTask()).seen(_view(spec)) if seen else None
        return Replica(name, spec.variants[0].name, state, 1, "127.0.0.1", 0.0, engine)


def _view(spec: DeploymentSpec) -> EngineView:
    return EngineView(
        pid=2,
        port=40000,
        ready=True,
        reason="answers completions",
        load_s=0.0,
        max_num_seqs=spec.variants[0].engine.max_num_seqs,
        in_flight=0,
        num_requests_running=0,
        num_requests_waiting=0,
        prompt_tokens_total=0,
        generation_tokens_total=0,
        generation_s_total=0.0,
    )
