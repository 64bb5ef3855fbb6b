"""The engine replicas of qorch behind Ray Serve's own proxy, handles and autoscaler, for `bench.autoscaling_live`."""

from __future__ import annotations

from typing import Any

import httpx
from ray import serve
from ray.serve import Application
from starlette.requests import Request
from starlette.responses import Response

from orchestrator.serving.application import DRAIN, HEALTH_CHECK
from orchestrator.serving.engine_replica import EngineReplica


class ProxiedReplica(EngineReplica):
    """Passes requests on to its engine, so that Ray Serve counts them."""

    async def __init__(self, spec: dict[str, Any]) -> None:  # type: ignore[misc]  # Ray Serve awaits it
        await super().__init__(spec)
        engine = self._place.engine.engine
        self._engine_client = httpx.AsyncClient(base_url=f"http://{engine.host}:{engine.port}", timeout=60)

    async def __call__(self, request: Request) -> Response:
        answer = await self._engine_client.post("/v1/completions", content=await request.body())
        return Response(answer.content, answer.status_code, media_type="application/json")


def build(spec: dict[str, Any]) -> Application:
    """Bind one variant; `spec` is its `EngineSpec`, and Ray's autoscaling comes with the config."""
    return serve.deployment(ProxiedReplica, name="engine", **HEALTH_CHECK, **DRAIN).bind(spec)
