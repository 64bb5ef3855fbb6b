"""What the use cases need of a Kubernetes cluster."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Protocol

from orchestrator.app.history_port import History
from orchestrator.core.by_hand import ReplicaOrder
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.fleet import Decided
from orchestrator.core.kuberay.pod import PodSeen
from orchestrator.core.kuberay.seen import ClusterSeen
from orchestrator.core.manifests.changes import Change
from orchestrator.core.manifests.fleet_on_pods import FleetOnPods
from orchestrator.core.manifests.manifest import Manifest
from orchestrator.core.manifests.ownership import Owner
from orchestrator.core.manifests.settings import ClusterSettings
from orchestrator.core.scaling.pool_state import PoolState


class FleetCluster(Protocol):
    """One fleet's place in a Kubernetes cluster with KubeRay."""

    name: str
    context: str
    namespace: str

    def recorded(self) -> FleetOnPods | None:
        """What the fleet's objects were rendered from; None where there is no fleet."""

    def owner(self) -> Owner | None:
        """Who else has the last word on the fleet."""

    def proposed(self, objects: Sequence[Manifest], settings: ClusterSettings, force: bool) -> tuple[Change, ...]:
        """What applying these objects would change, as the server says; changes nothing.

        Raises EnvironmentNotReady with everything that is missing or refused. With `force`, fields of others are taken.
        """

    def put(self, change: Change, force: bool) -> None:
        """Make one change; raises EnvironmentNotReady."""

    def look(self, spec: DeploymentSpec) -> ClusterSeen | None:
        """The fleet now; None where there is no RayService."""

    def decisions(self) -> tuple[Decided, ...]:
        """The latest that changed the number of replicas, the oldest first; raises EnvironmentNotReady."""

    def history(self) -> History:
        """What is told of the load and of looks; raises EnvironmentNotReady, or TellsNoHistory."""

    def learned(self) -> PoolState | None:
        """What the policy goes on from; None where nobody tells it."""

    def order(self, order: ReplicaOrder) -> None:
        """Have a replica do something, by its pod; raises EnvironmentNotReady where it refuses or is not reached."""

    def pods(self) -> tuple[PodSeen, ...]:
        """The fleet's pods, the oldest first."""

    def log(self, pod: str, container: str, *, tail: int | None, previous: bool, follow: bool) -> Generator[bytes]:
        """What a container prints, or the one before it did; raises EnvironmentNotReady."""

    def remove(self) -> tuple[str, ...]:
        """Remove exactly the fleet's objects, and name them; safe to call when there are none."""
