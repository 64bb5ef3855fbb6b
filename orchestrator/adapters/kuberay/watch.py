"""A fleet in a cluster as it is watched: pods and RayService by a watch each, each gateway by a request a look."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from orchestrator.adapters.gateway_api import GatewayApi, GatewayLook
from orchestrator.adapters.informer import Informer, Kind
from orchestrator.adapters.kuberay.gateway import AdminToken, Proxied, admin_token
from orchestrator.adapters.kubernetes_api import KubernetesApi, Resource
from orchestrator.core.answered import Answered
from orchestrator.core.deployment import DeploymentSpec
from orchestrator.core.fleet import Decided, Fleet
from orchestrator.core.kuberay.pod import PodSeen, of_role, read_pod
from orchestrator.core.kuberay.ray_service import read_service
from orchestrator.core.kuberay.seen import ClusterSeen, GatewayTold, cluster_fleet
from orchestrator.core.live.carried import GATEWAY
from orchestrator.core.live.heard import heard
from orchestrator.core.live.reading import Reading, SourceState, Traffic
from orchestrator.core.live.together import held_together, latest, traffic_together
from orchestrator.core.manifests.fleet import RECORD, RECORD_FILE
from orchestrator.core.manifests.fleet_on_pods import fleet_from_data
from orchestrator.core.manifests.naming import FLEET_LABEL, Role, object_name
from orchestrator.core.pod_deployment import SERVE_PORT

SERVICES, CONFIG_MAPS, PODS = Resource("rayservices", "ray.io", "v1"), Resource("configmaps"), Resource("pods")
CLUSTER = "Kubernetes"
FIRST_LOOK_S = 5.0  # in which the first lists are waited for


class ClusterWatch:
    """Satisfies `orchestrator.app.ports.Watch`; `namespace` None is the context's own."""

    def __init__(self, api: KubernetesApi, namespace: str | None, fleet: str) -> None:
        self.name, self._api, self._namespace = fleet, api, namespace or api.namespace
        label = {"labelSelector": f"{FLEET_LABEL}={fleet}"}
        self._pods = self._watched(Kind(PODS, read_pod, label, self._namespace))
        self._services = self._watched(Kind(SERVICES, read_service, self._named(), self._namespace))
        self._records = self._watched(Kind(CONFIG_MAPS, self._record, self._named(RECORD), self._namespace))
        self._sources: tuple[SourceState, ...] = ()
        self._known_token = AdminToken()
        self._last: Decided | None = None
        self._decisions: tuple[Decided, ...] = ()

    def read(self) -> Reading:
        self._wait_for_first()
        pods = tuple(sorted(self._pods.items().values(), key=lambda pod: (pod.started_at_s or 0.0, pod.name)))
        looks, trouble = self._looks(pods)
        fleet = self._fleet(pods, looks)
        at_s = time.time()
        silent = {CLUSTER: self._away() or self._missing(fleet), GATEWAY: trouble}
        traffic, decisions = self._traffic(pods, looks), self._decided(looks)
        self._sources = heard(self._sources, silent, at_s)
        return Reading(at_s, fleet, traffic, decisions=decisions, sources=self._sources)

    def log_path(self, replica_id: str) -> Path | None:
        return None

    def logged(self) -> tuple[str, ...]:
        return ()

    def close(self) -> None:
        for informer in (self._pods, self._services, self._records):
            informer.stop()

    # -- what the API server tells

    def _watched(self, kind: Kind[Any]) -> Informer[Any]:
        informer = Informer(self._api, kind, lambda name, was, found: None)
        informer.start()
        return informer

    def _named(self, part: str = "") -> dict[str, str]:
        return {"fieldSelector": f"metadata.name={object_name(self.name, part)}"}

    def _record(self, item: Mapping[str, Any]) -> DeploymentSpec | None:
        """None where another version of qorch wrote it."""
        try:
            return fleet_from_data(json.loads(item["data"][RECORD_FILE]), self._namespace).spec
        except (KeyError, TypeError, ValueError):
            return None

    def _wait_for_first(self) -> None:
        for informer in (self._pods, self._services, self._records):
            informer.looked.wait(FIRST_LOOK_S)

    def _away(self) -> str | None:
        away = (each.trouble or each.away for each in (self._pods, self._services, self._records))
        return next((str(each) for each in away if each), None)

    def _missing(self, fleet: Fleet | None) -> str | None:
        return f"there is no fleet {self.name!r} in {self._namespace}" if fleet is None else None

    def _fleet(self, pods: tuple[PodSeen, ...], looks: Mapping[str, GatewayLook]) -> Fleet | None:
        spec = next(iter(self._records.items().values()), None)
        service = next(iter(self._services.items().values()), None)
        if spec is None or service is None:
            return None
        serving = service.ready and service.application == "RUNNING"
        return cluster_fleet(ClusterSeen(spec, self._namespace, service, pods, self._told(looks, serving)))

    # -- what the gateways tell

    @property
    def _token(self) -> AdminToken:
        """Read until it is there, which may be after the fleet."""
        if not self._known_token.value:
            self._known_token = admin_token(self._api, self._namespace, self.name)
        return self._known_token

    def _looks(self, pods: tuple[PodSeen, ...]) -> tuple[dict[str, GatewayLook], str | None]:
        """Of each gateway that answers, by pod; and what is amiss with those that do not."""
        token = self._token
        if not token.value:
            return {}, token.missing_because
        there = [pod.name for pod in of_role(pods, Role.GATEWAY) if pod.ready]
        asked = {name: self._look(name) for name in there}
        looks = {name: look for name, (look, _) in asked.items() if look is not None}
        if not there:
            return looks, "no gateway is ready"
        why = next((said for look, said in asked.values() if look is None), "")
        return looks, None if len(looks) == len(there) else f"{len(looks)} of {len(there)} answer: {why}"

    def _look(self, pod: str) -> tuple[GatewayLook | None, str]:
        gateway, through = self._gateway(pod)
        return gateway.look(by="host"), through.kept_out or "does not answer"

    def _gateway(self, pod: str) -> tuple[GatewayApi, Proxied]:
        through = Proxied(self._api, self._namespace, f"{pod}:{SERVE_PORT}", "pods")
        return GatewayApi("http://gateway", self._token.value, through), through

    def _decided(self, looks: Mapping[str, GatewayLook]) -> tuple[Decided, ...]:
        """Asked for anew when there is a new one, of a gateway that tells of it."""
        last = latest([look.decided for look in looks.values()])
        if last is not None and last != self._last:
            pod = next(name for name, look in looks.items() if look.decided == last)
            found = self._gateway(pod)[0].decisions()
            if found is not None:
                self._last, self._decisions = last, found
        return self._decisions

    def _told(self, looks: Mapping[str, GatewayLook], serving: bool) -> GatewayTold:
        if not looks:
            return GatewayTold(serving, silent_because="no gateway tells anything")
        engines = {host: engine for look in looks.values() for host, engine in look.engines.items()}
        held = held_together([look.held for look in looks.values() if look.held])
        decided = latest([look.decided for look in looks.values()])
        return GatewayTold(any(look.any_ready for look in looks.values()), engines, held, decided)

    def _traffic(self, pods: tuple[PodSeen, ...], looks: Mapping[str, GatewayLook]) -> Traffic | None:
        """Engines by their pods, which are the replicas here."""
        names = {pod.ip: pod.name for pod in pods}
        told = [_by_pod(look, names) for look in looks.values()]
        return traffic_together(told)


def _by_pod(look: GatewayLook, names: Mapping[str | None, str]) -> Traffic:
    ids = {replica_id: names.get(host, replica_id) for host, replica_id in look.replicas.items()}
    engines = {ids.get(name, name): traffic for name, traffic in look.traffic.engines.items()}
    return replace(
        look.traffic,
        engines=engines,
        requests=_renamed(look.traffic.requests, ids),
        failed_requests=_renamed(look.traffic.failed_requests, ids),
    )


def _renamed(requests: tuple[Answered, ...], ids: Mapping[str, str]) -> tuple[Answered, ...]:
    return tuple(replace(each, replica_id=ids.get(each.replica_id, each.replica_id)) for each in requests)
