"""What a cluster's fleet is rendered with besides its plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.core.cluster.toleration import Toleration
from orchestrator.core.errors import UsageError
from orchestrator.core.manifests.forms import CLAIM, GATEWAY_CLASS, IMAGE, NAMESPACE, REDIS

MOST_GATEWAYS = 64
INCREMENTAL_HINT = "qorch render --upgrade NewClusterWithIncrementalUpgrade --gateway-class NAME --max-replicas 3"


class Upgrade(StrEnum):
    """What KubeRay does when a Ray cluster's own settings change (RayService `upgradeStrategy.type`)."""

    NEW_CLUSTER = "NewCluster"  # a second one beside the first, then all traffic at once
    INCREMENTAL = "NewClusterWithIncrementalUpgrade"  # step by step, through the Gateway API
    NONE = "None"


class MigStrategy(StrEnum):
    """How NVIDIA's device plugin offers MIG slices, where the nodes' labels do not tell."""

    MIXED = "mixed"  # each profile as a resource of its own
    SINGLE = "single"  # as GPUs, of nodes all of whose GPUs are cut alike


@dataclass(frozen=True)
class ClusterSettings:
    """How a fleet's objects fit into a cluster; nothing here is secret. Raises UsageError for what no cluster takes."""

    image: str  # of qorch with the engine, for every pod
    namespace: str | None = None  # None: the one that they are applied in
    num_gateways: int = 2
    model_claim: str | None = None  # a PersistentVolumeClaim that all pods can mount; None: each pod fetches its own
    redis_address: str | None = None  # of the GCS's store; None: the fleet ends with its head
    upgrade: Upgrade = Upgrade.NEW_CLUSTER
    gateway_class: str | None = None  # of the Gateway API, for the incremental upgrade
    client_namespaces: tuple[str, ...] = ()  # besides the fleet's own, that may ask it
    monitoring: bool = False  # the Prometheus operator's kinds, and Grafana's dashboard
    tolerations: tuple[Toleration, ...] = ()  # of all its pods, beside that of GPUs, which engines on them have
    mig_strategy: MigStrategy = MigStrategy.MIXED

    def __post_init__(self) -> None:
        IMAGE.require(self.image)
        optional = (
            (NAMESPACE, self.namespace),
            (CLAIM, self.model_claim),
            (REDIS, self.redis_address),
            (GATEWAY_CLASS, self.gateway_class),
        )
        for form, value in (*optional, *((NAMESPACE, name) for name in self.client_namespaces)):
            if value is not None:
                form.require(value)
        if not 1 <= self.num_gateways <= MOST_GATEWAYS:
            raise UsageError(
                f"expected 1 to {MOST_GATEWAYS} gateways, got {self.num_gateways}", hint="qorch render --gateways 2"
            )
        _require_gateway_class(self)


def require_upgradable(settings: ClusterSettings, scales: bool) -> None:
    """Raises UsageError where KubeRay would refuse the upgrade of a fleet whose number of replicas is fixed."""
    if settings.upgrade is Upgrade.INCREMENTAL and not scales:
        raise UsageError("an incremental upgrade needs Ray's autoscaler: --max-replicas", hint=INCREMENTAL_HINT)


def _require_gateway_class(settings: ClusterSettings) -> None:
    """Raises UsageError for what KubeRay would refuse, and only once it is in the cluster."""
    incremental = settings.upgrade is Upgrade.INCREMENTAL
    if incremental and settings.gateway_class is None:
        raise UsageError(
            "an incremental upgrade moves requests by the Gateway API: it needs --gateway-class", hint=INCREMENTAL_HINT
        )
    if settings.gateway_class is not None and not incremental:
        raise UsageError(f"--gateway-class is for --upgrade {Upgrade.INCREMENTAL.value}", hint=INCREMENTAL_HINT)
