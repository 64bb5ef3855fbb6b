"""The gateway as its fleet's own tools see it: is it ready, and what do its engines tell."""

from __future__ import annotations

from typing import Any

import httpx

from orchestrator.core.deployment import ADMIN_HEADER
from orchestrator.core.fleet import EngineView
from orchestrator.core.held import Held

READY_TIMEOUT_S = 5.0


class GatewayApi:
    """One gateway; every answer is None when it does not answer at all."""

    def __init__(self, url: str, admin_token: str, through: httpx.BaseTransport | None = None) -> None:
        self._client = httpx.Client(base_url=url, timeout=READY_TIMEOUT_S, transport=through)
        self._admin = {"Authorization": f"Bearer {admin_token}", ADMIN_HEADER: admin_token}

    def ready(self) -> bool | None:
        """Whether a model answers."""
        try:
            return self._client.get("/ready").status_code == 200
        except httpx.HTTPError:
            return None

    def engines(self, by: str = "replica_id") -> dict[str, EngineView] | None:
        """The engines that the gateway knows, by a field of theirs: replica id, or the address of a pod of one."""
        try:
            answer = self._client.get("/qorch/v1/replicas", headers=self._admin).raise_for_status().json()
        except httpx.HTTPError:
            return None
        return {row[by]: engine_view(row) for row in answer["replicas"]}

    def held(self) -> Held | None:
        """What the gateway holds; None also where it holds nothing."""
        try:
            answer = self._client.get("/qorch/v1/held", headers=self._admin).raise_for_status().json()
        except httpx.HTTPError:
            return None
        return Held(**answer["held"]) if answer["held"] else None


def engine_view(row: dict[str, Any]) -> EngineView:
    """What the gateway tells of an engine; its memory is not the gateway's to measure."""
    names = EngineView.__dataclass_fields__.keys() - {"pid", "memory_bytes"}
    return EngineView(pid=row["engine_pid"], **{name: row[name] for name in names})


def client_host(bind_host: str) -> str:
    """The address to call for a gateway that listens on `bind_host`."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind_host, bind_host)
    return f"[{host}]" if ":" in host else host
