"""A fleet's gateway, asked through the API server's proxy to its Service."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

import httpx

from orchestrator.adapters.gateway_api import GatewayApi
from orchestrator.adapters.kubernetes_api import Forbidden, KubernetesApi, Resource
from orchestrator.core.deployment import ADMIN_HEADER
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.kuberay.seen import GatewayTold, serve_service
from orchestrator.core.manifests.naming import object_name
from orchestrator.core.pod_deployment import SERVE_PORT

SECRETS = Resource("secrets")
TOKEN = "admin-token"


@dataclass(frozen=True)
class AdminToken:
    """Of a fleet's gateway, from its Secret; or why it is not known."""

    value: str = ""
    missing_because: str = ""


def admin_token(api: KubernetesApi, namespace: str, fleet: str) -> AdminToken:
    try:
        secret = api.get(SECRETS, namespace, object_name(fleet))
    except Forbidden as refused:
        return AdminToken(missing_because=f"the gateway is not asked for its engines: {refused.message}")
    text = ((secret or {}).get("data") or {}).get(TOKEN, "")
    if not text:
        return AdminToken(missing_because=f"the Secret {object_name(fleet)} has no {TOKEN}")
    return AdminToken(base64.b64decode(text).decode().strip())


def ask_gateway(api: KubernetesApi, namespace: str, fleet: str, token: AdminToken, serving: bool) -> GatewayTold:
    """What it tells; where it may not be asked, whether it serves is KubeRay's word."""
    through = _Proxied(api, namespace, f"{serve_service(fleet)}:{SERVE_PORT}")
    gateway = GatewayApi("http://gateway", token.value, through)
    ready = gateway.ready()
    if through.forbidden:
        return GatewayTold(serving, silent_because=f"the gateway is not asked: {through.forbidden}")
    if ready is None or not token.value:
        return GatewayTold(ready, silent_because=token.missing_because)
    return GatewayTold(ready, gateway.engines(by="host"), gateway.held())


class _Proxied(httpx.BaseTransport):
    """Hands requests to the API server, which does not pass on `Authorization`."""

    def __init__(self, api: KubernetesApi, namespace: str, service: str) -> None:
        self._api, self._namespace, self._service = api, namespace, service
        self.forbidden = ""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        headers = {ADMIN_HEADER: request.headers.get(ADMIN_HEADER, "")}
        try:
            status, body = self._api.proxied(self._namespace, self._service, request.url.path, headers)
        except Forbidden as refused:
            self.forbidden = refused.message
            raise httpx.ConnectError(refused.message) from refused
        except EnvironmentNotReady as silent:
            raise httpx.ConnectError(silent.message) from silent
        if status >= 400 and _is_servers_own(body):
            raise httpx.ConnectError(body.decode(errors="replace"))
        return httpx.Response(status, content=body)


def _is_servers_own(body: bytes) -> bool:
    """Whether the API server answers for a service that it does not reach."""
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    return isinstance(answer, dict) and answer.get("kind") == "Status"
