"""For whom a cluster is planned on: the fleet, and which taints its pods tolerate."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.core.cluster.requests import FleetKey, Requested, Requests
from orchestrator.core.cluster.toleration import Toleration
from orchestrator.core.fleet import DEFAULT_NAME


@dataclass(frozen=True)
class Tenant:
    """A fleet in its namespace; `anew`: what its own pods have counts as free, since the plan takes their place."""

    namespace: str = "default"
    fleet: str = DEFAULT_NAME
    anew: bool = False
    tolerations: tuple[Toleration, ...] = ()

    @property
    def key(self) -> FleetKey:
        return self.namespace, self.fleet

    def requested(self, requests: Requests) -> Requested:
        """What others have asked for, by node."""
        return requests.beside(self.key) if self.anew else requests.by_node
