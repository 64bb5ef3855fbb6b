"""A fleet's gateway, asked through the API server's proxy to its Service."""

from __future__ import annotations

import json
from dataclasses import replace

import httpx

from orchestrator.adapters.gateway_api import GatewayApi, refusal
from orchestrator.adapters.gateway_history import GatewayHistory
from orchestrator.adapters.kuberay.tokens import FleetToken
from orchestrator.adapters.kubernetes_api import KubernetesApi, in_a_line
from orchestrator.core.by_hand import ReplicaOrder
from orchestrator.core.deployment import ADMIN_HEADER
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.fleet import Decided
from orchestrator.core.kuberay.seen import GatewayTold, serve_service
from orchestrator.core.pod_deployment import SERVE_PORT
from orchestrator.core.scaling.pool_state import PoolState

NO_ENTRY = (401, 403)
NOT_REACHED = "error trying to reach service"  # as an API server has it
KEEPS_OUT = "a NetworkPolicy may keep the API server out"


def ask_gateway(api: KubernetesApi, namespace: str, fleet: str, token: FleetToken, serving: bool) -> GatewayTold:
    """What it tells; where it cannot be asked, whether it serves is KubeRay's word."""
    through = Proxied(api, namespace, f"{serve_service(fleet)}:{SERVE_PORT}")
    gateway = GatewayApi("http://gateway", token.value, through)
    ready = gateway.ready()
    if through.kept_out:
        return GatewayTold(serving, silent_because=f"the gateway is not asked: {through.kept_out}")
    if ready is None or not token.value:
        return GatewayTold(ready, silent_because=token.silent_because)
    look = gateway.look(by="host")
    if look is None:
        return GatewayTold(ready, silent_because=through.refused and f"the gateway tells nothing: {through.refused}")
    return GatewayTold(ready, dict(look.engines), look.held, look.decided)


def ask_decisions(api: KubernetesApi, namespace: str, fleet: str, token: FleetToken) -> tuple[Decided, ...]:
    """The latest that changed the number of replicas, the oldest first; raises EnvironmentNotReady."""
    if not token.value:
        raise EnvironmentNotReady(f"the gateway tells no decisions: {token.missing_because}")
    through = Proxied(api, namespace, f"{serve_service(fleet)}:{SERVE_PORT}")
    decisions = GatewayApi("http://gateway", token.value, through).decisions()
    if decisions is None:
        why = through.kept_out or through.refused or "it does not answer"
        raise EnvironmentNotReady(f"the gateway tells no decisions: {why}")
    return decisions


def told_history(api: KubernetesApi, namespace: str, fleet: str, token: FleetToken) -> GatewayHistory:
    """Asked for as it is read; raises EnvironmentNotReady."""
    if not token.value:
        raise EnvironmentNotReady(f"the gateway tells no history: {token.missing_because}")
    return GatewayHistory(_through_server(api, namespace, fleet, token))


def ask_learned(api: KubernetesApi, namespace: str, fleet: str, token: FleetToken) -> PoolState | None:
    """What the fleet's policy goes on from; None where nobody tells it."""
    return _through_server(api, namespace, fleet, token).learned() if token.value else None


def _through_server(api: KubernetesApi, namespace: str, fleet: str, token: FleetToken) -> GatewayApi:
    through = Proxied(api, namespace, f"{serve_service(fleet)}:{SERVE_PORT}")
    return GatewayApi("http://gateway", token.value, through)


def pass_order(
    api: KubernetesApi, namespace: str, fleet: str, admin_token: str, order: ReplicaOrder, pod_ip: str
) -> None:
    """Have the replica of a pod, by which it is named, do something; raises EnvironmentNotReady."""
    through = Proxied(api, namespace, f"{serve_service(fleet)}:{SERVE_PORT}")
    gateway = GatewayApi("http://gateway", admin_token, through)
    look = gateway.look()
    replica_id = look.replicas.get(pod_ip) if look else None
    if replica_id is None:
        raise EnvironmentNotReady(through.kept_out or f"the gateway knows of no engine in the pod {order.replica_id}")
    try:
        gateway.order(replace(order, replica_id=replica_id))
    except EnvironmentNotReady as refused:
        said = refused.message.replace(replica_id, order.replica_id)
        raise EnvironmentNotReady(through.kept_out or said) from refused


class Proxied(httpx.BaseTransport):
    """Hands requests for a service or pod to the API server, which does not pass on `Authorization`."""

    def __init__(self, api: KubernetesApi, namespace: str, name: str, kind: str = "services") -> None:
        self._api, self._namespace, self._name, self._kind = api, namespace, name, kind
        self.kept_out = ""  # why nobody is asked though there may be somebody
        self.refused = ""  # why who is asked does not tell, in its own words

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        headers = {ADMIN_HEADER: request.headers.get(ADMIN_HEADER, "")}
        try:
            status, body = self._api.proxied(
                self._namespace, self._name, request.url.path, headers, self._kind, _posted(request)
            )
        except EnvironmentNotReady as refused:
            self.kept_out = in_a_line(refused)
            raise httpx.ConnectError(self.kept_out) from refused
        said = _servers_own(body) if status >= 400 else None
        if said is None:
            answer = httpx.Response(status, content=body)
            self.refused = refusal(answer) if status in NO_ENTRY else ""
            return answer
        self.kept_out = f"{said}; {KEEPS_OUT}" if NOT_REACHED in said else ""
        raise httpx.ConnectError(self.kept_out or said)


def _posted(request: httpx.Request) -> bytes | None:
    return request.read() if request.method == "POST" else None


def _servers_own(body: bytes) -> str | None:
    """What the API server says in the place of a service that it does not reach; None where it is the service's."""
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    return str(answer.get("message")) if isinstance(answer, dict) and answer.get("kind") == "Status" else None
