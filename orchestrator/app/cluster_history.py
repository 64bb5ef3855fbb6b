"""The history of a fleet in a cluster, with what a person can do where it is not told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from orchestrator.app.cluster_fleet import ClusterFleet
from orchestrator.app.history_port import History, TellsNoHistory
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.manifests.fleet_on_pods import FleetOnPods
from orchestrator.core.scaling.load_minutes import LoadMinute
from orchestrator.core.scaling.looks import Segment
from orchestrator.core.scaling.pool_state import PoolState


class ClusterHistory:
    """Satisfies `orchestrator.app.history_port.KeepsHistory`."""

    def __init__(self, fleet: ClusterFleet) -> None:
        self._fleet = fleet

    @property
    def caution(self) -> str:
        """Ray's GCS has it, which without Redis is in the memory of the head's pod; each Ray cluster has its own."""
        head = "" if self._recorded.settings.redis_address else "the head's pod (there is no --redis) and with "
        return f"note: the history goes with {head}the Ray cluster, which another --image replaces"

    def minutes(self, since_s: float = 0.0, most: int | None = None) -> tuple[LoadMinute, ...]:
        with self._told() as told:
            return told.minutes(since_s, most)

    def segments(self) -> Iterator[Segment]:
        with self._told() as told:
            yield from told.segments()

    def learned(self) -> PoolState | None:
        """What the policy goes on from; None where nobody tells it."""
        return self._fleet.cluster.learned()

    @contextmanager
    def _told(self) -> Iterator[History]:
        """Of a fleet that records something; what goes wrong has a hint."""
        command = self._fleet.command
        if self._recorded.spec.scaling is None:
            raise EnvironmentNotReady(
                f"the fleet {self._fleet.name!r} has a fixed number of replicas, and in a cluster the load is recorded "
                "where that follows the load",
                hint=command("up --max-replicas COUNT"),
            )
        try:
            yield self._fleet.cluster.history()
        except TellsNoHistory as older:
            raise EnvironmentNotReady(older.message, hint=command("up --image NAME")) from older
        except EnvironmentNotReady as refused:
            raise EnvironmentNotReady(refused.message, hint=refused.hint or command("status")) from refused

    @cached_property
    def _recorded(self) -> FleetOnPods:
        return self._fleet.recorded()
