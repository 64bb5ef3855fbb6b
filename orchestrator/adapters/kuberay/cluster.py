"""One fleet in one namespace of a cluster with KubeRay; satisfies `orchestrator.app.cluster_port.FleetCluster`."""

from __future__ import annotations

import json
import time
from collections.abc import Generator, Sequence
from functools import cached_property

from orchestrator.adapters.gateway_history import GatewayHistory
from orchestrator.adapters.kuberay.gateway import (
    ask_decisions,
    ask_gateway,
    ask_learned,
    pass_order,
    told_history,
)
from orchestrator.adapters.kuberay.objects import FleetObjects
from orchestrator.adapters.kuberay.problems import missing_claim, missing_namespace, missing_secret
from orchestrator.adapters.kuberay.tokens import FleetToken, look_token, require_admin_token
from orchestrator.adapters.kubernetes_api import KubernetesApi, Resource
from orchestrator.adapters.kubernetes_api.transport import Object
from orchestrator.core.by_hand import ReplicaOrder
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.errors import EnvironmentNotReady, TimedOut
from orchestrator.core.fleet import Decided
from orchestrator.core.kuberay.pod import PodSeen, read_pod
from orchestrator.core.kuberay.ray_service import read_service
from orchestrator.core.kuberay.seen import ClusterSeen
from orchestrator.core.manifests.changes import Action, Change, object_id
from orchestrator.core.manifests.fleet import RECORD, RECORD_FILE
from orchestrator.core.manifests.fleet_on_pods import FleetOnPods, fleet_from_data
from orchestrator.core.manifests.manifest import Manifest
from orchestrator.core.manifests.naming import FLEET_LABEL, object_name
from orchestrator.core.manifests.ownership import Owner, owner
from orchestrator.core.manifests.problems import require_none
from orchestrator.core.manifests.settings import ClusterSettings
from orchestrator.core.scaling.pool_state import PoolState

SERVICES, CONFIG_MAPS, PODS = Resource("rayservices", "ray.io", "v1"), Resource("configmaps"), Resource("pods")
GOING_S, POLL_S = 300.0, 0.5


class KubeRayCluster:
    """`namespace` None is the context's own."""

    def __init__(self, api: KubernetesApi, namespace: str | None, fleet: str) -> None:
        self.name, self.context, self.namespace = fleet, api.context, namespace or api.namespace
        self._api = api
        self._objects = FleetObjects(api, self.namespace, fleet)

    def recorded(self) -> FleetOnPods | None:
        found = self._api.get(CONFIG_MAPS, self.namespace, object_name(self.name, RECORD))
        if found is None:
            return None
        try:
            return fleet_from_data(json.loads(found["data"][RECORD_FILE]), self.namespace)
        except (KeyError, TypeError, ValueError) as wrong:
            raise EnvironmentNotReady(
                f"what was deployed as {self.name!r} cannot be read: another version of qorch wrote it ({wrong})",
                hint=f"kubectl --context {self.context} -n {self.namespace} get configmap "
                f"{object_name(self.name, RECORD)} -o yaml",
            ) from wrong

    def owner(self) -> Owner | None:
        found = self._service()
        return None if found is None else owner(found)

    def proposed(self, objects: Sequence[Manifest], settings: ClusterSettings, force: bool) -> tuple[Change, ...]:
        require_none(missing_namespace(self._api, self.namespace))
        changes, problems = self._objects.proposed(objects, force)
        missing = (*missing_secret(self._api, self.name, settings), *missing_claim(self._api, settings))
        require_none([*missing, *problems])
        return tuple(changes)

    def put(self, change: Change, force: bool) -> None:
        if change.action is Action.REMOVE:
            self._objects.delete(change.item)
        elif change.item["kind"] == "RayCluster":
            self._objects.set_counts(change)
        elif change.action is not Action.SAME:
            self._objects.put(dict(change.item), force)

    def look(self, spec: DeploymentSpec) -> ClusterSeen | None:
        found = self._service()
        if found is None:
            return None
        service = read_service(found)
        serving = service.ready and service.application == "RUNNING"
        told = ask_gateway(self._api, self.namespace, self.name, self._token, serving)
        return ClusterSeen(spec, self.namespace, service, self.pods(), told)

    def decisions(self) -> tuple[Decided, ...]:
        return ask_decisions(self._api, self.namespace, self.name, self._token)

    def history(self) -> GatewayHistory:
        return told_history(self._api, self.namespace, self.name, self._token)

    def learned(self) -> PoolState | None:
        return ask_learned(self._api, self.namespace, self.name, self._token)

    def order(self, order: ReplicaOrder) -> None:
        ip = next((pod.ip for pod in self.pods() if pod.name == order.replica_id), None)
        token = require_admin_token(self._api, self.namespace, self.name)
        pass_order(self._api, self.namespace, self.name, token, order, ip or "")

    def pods(self) -> tuple[PodSeen, ...]:
        """The oldest first."""
        found = self._api.listed(PODS, self.namespace, labelSelector=f"{FLEET_LABEL}={self.name}").items
        return tuple(sorted(map(read_pod, found), key=lambda pod: (pod.started_at_s or 0.0, pod.name)))

    def log(self, pod: str, container: str, *, tail: int | None, previous: bool, follow: bool) -> Generator[bytes]:
        query = {"container": container, **({} if tail is None else {"tailLines": str(tail)})}
        query |= {name: "true" for name, so in (("previous", previous), ("follow", follow)) if so}
        return self._api.log_chunks(self.namespace, pod, query)

    def remove(self) -> tuple[str, ...]:
        """The RayService first: its pods finish what they answer while the rest is still there."""
        live = self._objects.live()
        for item in sorted(live.values(), key=lambda each: each["kind"] != "RayService"):
            self._objects.delete(item)
            if item["kind"] == "RayService":
                self._wait_until_gone(item)
        return tuple(map(object_id, live.values()))

    # -- parts

    @cached_property
    def _token(self) -> FleetToken:
        return look_token(self._api, self.namespace, self.name)

    def _service(self) -> Object | None:
        return self._api.get(SERVICES, self.namespace, object_name(self.name))

    def _wait_until_gone(self, item: Object) -> None:
        """KubeRay holds it until its Ray clusters are gone; raises TimedOut."""
        ends_s = time.monotonic() + GOING_S
        while self._service() is not None:
            if time.monotonic() > ends_s:
                raise TimedOut(
                    f"{object_id(item)} is not gone within {GOING_S:g} s: KubeRay has not let go of it",
                    hint=f"kubectl --context {self.context} -n {self.namespace} describe {object_id(item)}",
                )
            time.sleep(POLL_S)
