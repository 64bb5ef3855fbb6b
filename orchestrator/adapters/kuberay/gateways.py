"""All gateways of a fleet in a cluster, each asked by its pod: what they tell, together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from orchestrator.adapters.gateway_api import GatewayApi, GatewayLook
from orchestrator.adapters.kuberay.gateway import Proxied
from orchestrator.adapters.kuberay.tokens import FleetToken, look_token
from orchestrator.adapters.kubernetes_api import KubernetesApi
from orchestrator.core.answered import Answered
from orchestrator.core.fleet import Decided
from orchestrator.core.kuberay.pod import PodSeen, of_role
from orchestrator.core.kuberay.seen import GatewayTold
from orchestrator.core.live.reading import Traffic
from orchestrator.core.live.together import held_together, latest, traffic_together
from orchestrator.core.live.told_gpus import ToldGpus
from orchestrator.core.manifests.naming import Role
from orchestrator.core.pod_deployment import SERVE_PORT

Looks = Mapping[str, GatewayLook]  # by pod


class Gateways:
    """One request a look to each."""

    def __init__(self, api: KubernetesApi, namespace: str, fleet: str) -> None:
        self._api, self._namespace, self._fleet = api, namespace, fleet
        self._known_token = FleetToken()
        self._last: Decided | None = None
        self._decisions: tuple[Decided, ...] = ()

    def looks(self, pods: tuple[PodSeen, ...]) -> tuple[Looks, str | None]:
        """Of each that answers; and what is amiss with those that do not."""
        token = self._token
        if not token.value:
            return {}, token.silent_because
        there = [pod.name for pod in of_role(pods, Role.GATEWAY) if pod.ready]
        asked = {name: self._look(name) for name in there}
        looks = {name: look for name, (look, _) in asked.items() if look is not None}
        if not there:
            return looks, "no gateway is ready"
        why = next((said for look, said in asked.values() if look is None), "")
        return looks, None if len(looks) == len(there) else f"{len(looks)} of {len(there)} answer: {why}"

    def decided(self, looks: Looks) -> tuple[Decided, ...]:
        """Asked for anew when there is a new one, of a gateway that tells of it."""
        last = latest([look.decided for look in looks.values()])
        if last is not None and last != self._last:
            pod = next(name for name, look in looks.items() if look.decided == last)
            found = self._gateway(pod)[0].decisions()
            if found is not None:
                self._last, self._decisions = last, found
        return self._decisions

    @property
    def _token(self) -> FleetToken:
        """Read until it is there, which may be after the fleet."""
        if not self._known_token.value:
            self._known_token = look_token(self._api, self._namespace, self._fleet)
        return self._known_token

    def _look(self, pod: str) -> tuple[GatewayLook | None, str]:
        gateway, through = self._gateway(pod)
        look = gateway.look(by="host")
        if through.refused:
            self._known_token = FleetToken()  # another may be in its place
        return look, through.kept_out or through.refused or "does not answer"

    def _gateway(self, pod: str) -> tuple[GatewayApi, Proxied]:
        through = Proxied(self._api, self._namespace, f"{pod}:{SERVE_PORT}", "pods")
        return GatewayApi("http://gateway", self._token.value, through), through


def told(looks: Looks, serving: bool) -> GatewayTold:
    """Engines by the addresses of their pods; where none tells, whether the fleet serves is KubeRay's word."""
    if not looks:
        return GatewayTold(serving, silent_because="no gateway tells anything")
    engines = {host: engine for look in looks.values() for host, engine in look.engines.items()}
    held = held_together([look.held for look in looks.values() if look.held])
    decided = latest([look.decided for look in looks.values()])
    return GatewayTold(any(look.any_ready for look in looks.values()), engines, held, decided)


def told_gpus(looks: Looks) -> dict[str, ToldGpus]:
    """By the addresses of pods; every gateway hears of all engines."""
    return {host: gpus for look in looks.values() for host, gpus in look.gpus.items()}


def traffic(pods: tuple[PodSeen, ...], looks: Looks) -> Traffic | None:
    """Engines by their pods, which are the replicas here."""
    names = {pod.ip: pod.name for pod in pods}
    return traffic_together([_by_pod(look, names) for look in looks.values()])


def _by_pod(look: GatewayLook, names: Mapping[str | None, str]) -> Traffic:
    ids = {replica_id: names.get(host, replica_id) for host, replica_id in look.replicas.items()}
    engines = {ids.get(name, name): counts for name, counts in look.traffic.engines.items()}
    return replace(
        look.traffic,
        engines=engines,
        requests=_renamed(look.traffic.requests, ids),
        failed_requests=_renamed(look.traffic.failed_requests, ids),
    )


def _renamed(requests: tuple[Answered, ...], ids: Mapping[str, str]) -> tuple[Answered, ...]:
    return tuple(replace(each, replica_id=ids.get(each.replica_id, each.replica_id)) for each in requests)
