"""A fleet in a cluster as it is watched: pods, RayService and nodes by a watch each, gateways by a request a look."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from orchestrator.adapters.informer import Informer, Kind
from orchestrator.adapters.kuberay.gateways import Gateways, Looks, told, told_gpus, traffic
from orchestrator.adapters.kuberay.node_watch import NodeWatch
from orchestrator.adapters.kuberay.pod_log import PodLog
from orchestrator.adapters.kubernetes_api import KubernetesApi, Resource, in_a_line
from orchestrator.core.fleet import Fleet
from orchestrator.core.kuberay.logs import printing_container
from orchestrator.core.kuberay.pod import PodSeen, read_pod
from orchestrator.core.kuberay.pod_gpus import gpu_count, gpu_nodes_of, gpus_silent, pod_hosts
from orchestrator.core.kuberay.ray_service import read_service
from orchestrator.core.kuberay.seen import ClusterSeen, cluster_fleet
from orchestrator.core.live.carried import GATEWAY, GPUS
from orchestrator.core.live.heard import heard
from orchestrator.core.live.reading import GpuCount, Reading, SourceState
from orchestrator.core.manifests.fleet import RECORD, RECORD_FILE
from orchestrator.core.manifests.fleet_on_pods import FleetOnPods, fleet_from_data
from orchestrator.core.manifests.naming import FLEET_LABEL, Role, object_name

SERVICES, CONFIG_MAPS, PODS = Resource("rayservices", "ray.io", "v1"), Resource("configmaps"), Resource("pods")
CLUSTER, NODES = "Kubernetes", "nodes"
FIRST_LOOK_S = 5.0  # in which the first lists are waited for


class ClusterWatch:
    """Satisfies `orchestrator.app.ports.Watch`; `namespace` None is the context's own."""

    def __init__(self, api: KubernetesApi, namespace: str | None, fleet: str) -> None:
        self.name, self._api, self._namespace = fleet, api, namespace or api.namespace
        label = {"labelSelector": f"{FLEET_LABEL}={fleet}"}
        self._pods = self._watched(Kind(PODS, read_pod, label, self._namespace))
        self._services = self._watched(Kind(SERVICES, read_service, self._named(), self._namespace))
        self._records = self._watched(Kind(CONFIG_MAPS, self._record, self._named(RECORD), self._namespace))
        self._nodes = NodeWatch(api)
        self._gateways = Gateways(api, self._namespace, fleet)
        self._sources: tuple[SourceState, ...] = ()

    def read(self) -> Reading:
        self._wait_for_first()
        pods = tuple(sorted(self._pods.items().values(), key=lambda pod: (pod.started_at_s or 0.0, pod.name)))
        record = next(iter(self._records.items().values()), None)
        looks, trouble = self._gateways.looks(pods)
        fleet, count = self._fleet(record, pods, looks), self._gpu_count(record, pods)
        gpus = told_gpus(looks)
        at_s = time.time()
        silent = {CLUSTER: self._away() or self._missing(fleet), GATEWAY: trouble}
        if count is not None:
            silent |= {GPUS: trouble if not looks else gpus_silent(pods, gpus), NODES: self._nodes.error}
        self._sources = heard(self._sources, silent, at_s)
        decided, seen = self._gateways.decided(looks), pod_hosts(pods, gpus)
        return Reading(at_s, fleet, traffic(pods, looks), seen, decided, self._sources, count)

    def log(self, replica_id: str, previous: bool = False) -> PodLog | None:
        """Of its pod; `previous`: of the container before it was started anew."""
        pod = self._pods.get((self._namespace, replica_id))
        if pod is None:
            return None
        container = printing_container(Role(pod.role), previous)
        return PodLog(self._api, self._namespace, pod.name, container, previous)

    def logged(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        for informer in (self._pods, self._services, self._records):
            informer.stop()
        self._nodes.close()

    def _watched(self, kind: Kind[Any]) -> Informer[Any]:
        informer = Informer(self._api, kind, lambda name, was, found: None)
        informer.start()
        return informer

    def _named(self, part: str = "") -> dict[str, str]:
        return {"fieldSelector": f"metadata.name={object_name(self.name, part)}"}

    def _record(self, item: Mapping[str, Any]) -> FleetOnPods | None:
        """None where another version of qorch wrote it."""
        try:
            return fleet_from_data(json.loads(item["data"][RECORD_FILE]), self._namespace)
        except (KeyError, TypeError, ValueError):
            return None

    def _wait_for_first(self) -> None:
        for informer in (self._pods, self._services, self._records):
            informer.looked.wait(FIRST_LOOK_S)

    def _away(self) -> str | None:
        """Each that is not told, once."""
        away = (each.trouble or each.away for each in (self._pods, self._services, self._records))
        return "; ".join(dict.fromkeys(in_a_line(each) for each in away if each)) or None

    def _missing(self, fleet: Fleet | None) -> str | None:
        return f"there is no fleet {self.name!r} in {self._namespace}" if fleet is None else None

    def _fleet(self, record: FleetOnPods | None, pods: tuple[PodSeen, ...], looks: Looks) -> Fleet | None:
        service = next(iter(self._services.items().values()), None)
        if record is None or service is None:
            return None
        serving = service.ready and service.application == "RUNNING"
        return cluster_fleet(ClusterSeen(record.spec, self._namespace, service, pods, told(looks, serving)))

    def _gpu_count(self, record: FleetOnPods | None, pods: tuple[PodSeen, ...]) -> GpuCount | None:
        """None of a fleet on CPUs, for which no node is watched."""
        if record is None or not gpu_nodes_of(record):
            return None
        return gpu_count(record, pods, self._nodes.nodes(record))
