"""What the operator needs of the outside world."""

from __future__ import annotations

from typing import Any, Protocol

from orchestrator.core.cluster.cluster_site import Seen
from orchestrator.core.cluster.namespace_limits import NamespaceLimits
from orchestrator.core.cluster.node import Node
from orchestrator.core.cluster.tenant import Tenant
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.manifests.changes import Change
from orchestrator.core.manifests.settings import ClusterSettings
from orchestrator.core.plan import FitPlan
from orchestrator.core.qwen_fleet.kind import Key, Object
from orchestrator.core.qwen_fleet.places import Crowd
from orchestrator.core.qwen_fleet.trouble import Trouble
from orchestrator.core.wish import Wish


class SharedCluster(Protocol):
    """A cluster that fleets share, as its API server tells of it, and where it is written to; reading asks nobody."""

    name: str

    def fleets(self) -> tuple[Object, ...]:
        """All QwenFleets, the oldest first."""

    def fleet(self, key: Key) -> Object | None: ...

    def objects(self, key: Key) -> tuple[Object, ...]:
        """What has the fleet's label, of the kinds that are rendered."""

    def ray_cluster(self, key: Key, name: str) -> Object | None:
        """The fleet's Ray cluster of that name, by its groups and their counts."""

    def nodes(self) -> tuple[Node, ...]:
        """By name."""

    def claimable_nodes(self) -> frozenset[str]:
        """Names of those that offer GPUs by dynamic resource allocation; none where that is not known."""

    def crowd(self) -> Crowd: ...

    def limits(self, namespace: str) -> NamespaceLimits: ...

    def troubles(self) -> tuple[Trouble, ...]:
        """Why something that is needed cannot be seen."""

    def secret_exists(self, namespace: str, name: str) -> bool | None:
        """None where that cannot be told."""

    def read(self, item: Object) -> Object | None:
        """As it is now, with who owns its fields; None where it is gone, or cannot be read."""

    def apply(self, item: Object, force: bool = False) -> Trouble | None:
        """None where it is done."""

    def set_counts(self, change: Change) -> Trouble | None:
        """Of a Ray cluster; the rest of it is KubeRay's."""

    def delete(self, item: Object) -> Trouble | None: ...

    def note(self, fleet: Object, reason: str, message: str) -> None:
        """An Event about a QwenFleet, for people; not being able to write it is no trouble."""

    def tell(self, fleet: Object, status: dict[str, Any]) -> Trouble | None:
        """Write a QwenFleet's status."""


class Planner(Protocol):
    """Plans over a cluster, and writes plans down."""

    table: GpuTable

    def plan(self, seen: Seen, wish: Wish, tenant: Tenant, settings: ClusterSettings) -> FitPlan:
        """Raises QorchError where nothing can be planned on."""

    def written(self, plan: FitPlan) -> str:
        """As a document that `read` takes."""

    def read(self, document: str, wish: Wish) -> FitPlan:
        """Raises QorchError for what is no such document, or another version's."""
