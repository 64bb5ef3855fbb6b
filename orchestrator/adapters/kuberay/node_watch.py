"""The nodes that a fleet's pods can get GPUs of, by a watch on those alone."""

from __future__ import annotations

from orchestrator.adapters.informer import Informer, Kind
from orchestrator.adapters.kubernetes_api import KubernetesApi, Resource, in_a_line
from orchestrator.core.cluster.node import Node, read_node
from orchestrator.core.kuberay.pod_gpus import gpu_nodes_of, node_selector
from orchestrator.core.manifests.fleet_on_pods import FleetOnPods

NODES = Resource("nodes")
FIRST_LOOK_S = 5.0  # in which the first list is waited for


class NodeWatch:
    """It begins with a fleet that has GPUs, and begins anew where the fleet is given others."""

    def __init__(self, api: KubernetesApi) -> None:
        self._api = api
        self._selector: str | None = None
        self._nodes: Informer[Node] | None = None

    def nodes(self, fleet: FleetOnPods) -> tuple[Node, ...] | None:
        """None where they are not known, of which `error` says why."""
        selector = node_selector(gpu_nodes_of(fleet))
        if self._nodes is None or selector != self._selector:
            self._begin(selector)
        assert self._nodes is not None
        self._nodes.looked.wait(FIRST_LOOK_S)
        known = self._nodes.looked.is_set() and self._nodes.trouble is None
        return tuple(self._nodes.items().values()) if known else None

    @property
    def error(self) -> str | None:
        trouble = self._nodes and (self._nodes.trouble or self._nodes.away)
        return in_a_line(trouble) if trouble else None

    def close(self) -> None:
        if self._nodes is not None:
            self._nodes.stop()

    def _begin(self, selector: str) -> None:
        self.close()
        query = {"labelSelector": selector} if selector else {}
        self._nodes, self._selector = Informer(self._api, Kind(NODES, read_node, query), _no_news), selector
        self._nodes.start()


def _no_news(*_: object) -> None:
    """Nodes are looked at when the fleet is."""
