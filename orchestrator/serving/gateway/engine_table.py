"""The engines that this gateway knows, kept in step with the replicas that Ray Serve runs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from orchestrator.core.routing import EngineLoad, pick, saturated
from orchestrator.serving.gateway.engine_counts import EngineCounts
from orchestrator.serving.replica_status import ReplicaStatus


@dataclass
class Engine:
    """One engine and what this gateway has asked of it."""

    status: ReplicaStatus
    in_flight: int = 0
    reachable: bool = True
    counts: EngineCounts = field(default_factory=EngineCounts)

    @property
    def load(self) -> EngineLoad:
        return EngineLoad(
            self.status.replica_id,
            self.status.deployment,
            self.in_flight,
            self.status.max_in_flight,
            self.reachable and self.status.ready,
        )


class EngineTable:
    """Who can answer. An engine that refused a connection is left out until it is seen again."""

    def __init__(self) -> None:
        self._engines: dict[str, Engine] = {}
        # An engine that was not seen for a moment keeps its count: its requests hold on to it.
        self._known: WeakValueDictionary[str, Engine] = WeakValueDictionary()
        self.on_room: Callable[[], None] = lambda: None  # told whenever an engine may have room
        self.loaded_s: dict[str, float] = {}  # of each variant, how long the engine took that started last

    def update(self, seen: Iterable[ReplicaStatus], unseen: Collection[str] = ()) -> None:
        """Take the replicas that were just seen as the whole fleet, but for the `unseen` variants, of which the last
        view stands; counts in flight stay.
        """
        engines = {name: known for name, known in self._engines.items() if known.status.deployment in unseen}
        for status in sorted(seen, key=lambda each: each.started_at_s):
            self.loaded_s[status.deployment] = status.load_s
            known = self._known.setdefault(status.replica_id, Engine(status))
            known.status, known.reachable = status, True
            engines[status.replica_id] = known
        self._engines = engines
        self.on_room()

    def take(self, able: Collection[str], turn: int) -> Engine | None:
        """An engine of one of the `able` variants that has room, with one more in flight; None where there is none."""
        choice = pick(self._loads, able, turn)
        if choice is None:
            return None
        engine = self._engines[choice.replica_id]
        engine.in_flight += 1
        return engine

    def give_back(self, engine: Engine) -> None:
        """It has one less in flight."""
        engine.in_flight -= 1
        self.on_room()

    @property
    def engines(self) -> tuple[Engine, ...]:
        return tuple(self._engines.values())

    def saturated(self, able: Collection[str]) -> bool:
        return saturated(self._loads, able)

    @property
    def any_ready(self) -> bool:
        return any(load.ready for load in self._loads)

    @property
    def _loads(self) -> list[EngineLoad]:
        return [engine.load for engine in self._engines.values()]
