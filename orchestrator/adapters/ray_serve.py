"""Ray Serve through its REST API on the dashboard: deploy, observe, delete, without importing Ray."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx

from orchestrator.core.deployment import GATEWAY, DeploymentSpec
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.fleet import Application, Replica
from orchestrator.core.serve_config import APPLICATION, serve_config

PATH = "/api/serve/applications/"
DEPLOY_TIMEOUT_S = 60.0
READ_TIMEOUT_S = 3.0


class RayServe:
    """One Ray cluster's Serve instance."""

    def __init__(self, dashboard_url: str, token: str) -> None:
        self._client = httpx.Client(
            base_url=dashboard_url, headers={"Authorization": f"Bearer {token}"}, timeout=READ_TIMEOUT_S
        )

    def deploy(self, spec: DeploymentSpec) -> None:
        """Ask for this application; Serve works towards it in the background."""
        self._ask("PUT", DEPLOY_TIMEOUT_S, json=serve_config(spec))

    def delete(self) -> None:
        """Ask for no application: replicas drain and stop."""
        self._ask("DELETE", DEPLOY_TIMEOUT_S)

    def answers(self) -> bool:
        """Whether the API answers at all."""
        try:
            self._ask("GET", READ_TIMEOUT_S)
        except EnvironmentNotReady:
            return False
        return True

    def observe(self) -> Application | None:
        """The application as Serve sees it; None when Ray does not answer or has none."""
        try:
            data = self._ask("GET", READ_TIMEOUT_S).json()
        except EnvironmentNotReady:
            return None
        application = data["applications"].get(APPLICATION)
        return read_application(application) if application else None

    def _ask(self, method: str, timeout_s: float, **content: Any) -> httpx.Response:
        try:
            return self._client.request(method, PATH, timeout=timeout_s, **content).raise_for_status()
        except httpx.HTTPStatusError as error:
            raise EnvironmentNotReady(
                f"Ray Serve refused: {error.response.status_code} {error.response.text[:400]}", hint="qorch doctor"
            ) from error
        except httpx.HTTPError as error:
            raise EnvironmentNotReady(
                f"Ray Serve does not answer at {self._client.base_url}: {error}", hint="qorch doctor"
            ) from error


def read_application(data: dict[str, Any]) -> Application:
    """Translate the REST API's answer (ApplicationDetails)."""
    deployments = data.get("deployments") or {}
    messages = [data.get("message") or "", *((d.get("message") or "") for d in deployments.values())]
    return Application(
        status=data["status"],
        message="\n".join(message for message in messages if message),
        target_num_replicas=sum(
            d.get("target_num_replicas") or 0 for name, d in deployments.items() if name != GATEWAY
        ),
        replicas=tuple(replica for name, d in deployments.items() for replica in _replicas(name, d)),
        targets={name: d.get("target_num_replicas") or 0 for name, d in deployments.items()},
    )


def _replicas(deployment: str, data: dict[str, Any]) -> Iterator[Replica]:
    for replica in data.get("replicas") or ():
        yield Replica(
            replica_id=replica["replica_id"],
            deployment=deployment,
            state=replica["state"],
            pid=replica.get("pid"),
            node_ip=replica.get("node_ip"),
            started_at_s=replica.get("start_time_s"),
        )
