"""What a cluster's fleet is rendered with besides its plan."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Upgrade(StrEnum):
    """What KubeRay does when a Ray cluster's own settings change (RayService `upgradeStrategy.type`)."""

    NEW_CLUSTER = "NewCluster"  # a second one beside the first, then all traffic at once
    INCREMENTAL = "NewClusterWithIncrementalUpgrade"  # step by step, through the Gateway API
    NONE = "None"


@dataclass(frozen=True)
class ClusterSettings:
    """How a fleet's objects fit into a cluster; nothing here is secret."""

    image: str  # of qorch with the engine, for every pod
    namespace: str | None = None  # None: the one that they are applied in
    num_gateways: int = 2
    model_claim: str | None = None  # a PersistentVolumeClaim that all pods can mount; None: each pod fetches its own
    redis_address: str | None = None  # of the GCS's store; None: the fleet ends with its head
    upgrade: Upgrade = Upgrade.NEW_CLUSTER
    gateway_class: str | None = None  # of the Gateway API, for the incremental upgrade
    client_namespaces: tuple[str, ...] = ()  # besides the fleet's own, that may ask it
    monitoring: bool = False  # the Prometheus operator's kinds, and Grafana's dashboard
