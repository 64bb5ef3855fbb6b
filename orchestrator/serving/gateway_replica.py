"""The gateway as a Ray Serve deployment: its server, and its view of the engine replicas."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from pathlib import Path
from typing import Any

from ray.serve.exceptions import DeploymentUnavailableError
from ray.serve.handle import DeploymentHandle

from orchestrator.adapters.key_store import KeyStore
from orchestrator.core.by_hand import ReplicaOrder
from orchestrator.core.deployment import GatewaySpec, gateway_spec_from_data
from orchestrator.core.hold import half_of
from orchestrator.serving.gateway.doors import Doors
from orchestrator.serving.gateway.engine_table import EngineTable
from orchestrator.serving.gateway.http_messages import HttpLimits
from orchestrator.serving.gateway.server import GatewayServer, most_connections
from orchestrator.serving.gateway.service import GatewayService
from orchestrator.serving.gateway.validation import ModelLimits
from orchestrator.serving.kv_parts import KvParts
from orchestrator.serving.node_binding import bind_to_node
from orchestrator.serving.pass_on import pass_on
from orchestrator.serving.replica_status import ReplicaStatus, replica_status
from orchestrator.serving.scaling_news import ScalingNews
from orchestrator.serving.told import ANSWERED, FIRST_TOKEN_S, FIRST_TOKENS, tpot_name

logger = logging.getLogger(__name__)

LOOK_PERIOD_S = 0.5
LOOK_TIMEOUT_S = 2.0
DRAIN_S = 20.0


class GatewayReplica:
    """Listens on the fleet's endpoint itself: neither Ray's proxy nor its handles carry a token."""

    def __init__(self, spec: dict[str, Any], autoscaled: bool, *engines: DeploymentHandle[Any]) -> None:
        bind_to_node()
        settings = gateway_spec_from_data(spec)
        self._engines = engines
        self._news = ScalingNews()
        self._table = EngineTable()
        http = HttpLimits()
        most = min(http.max_connections, most_connections())
        self._service = GatewayService(
            self._table,
            _doors(settings),
            _limits(settings),
            settings.created_s,
            half_of(most, http.max_bodies_bytes),
            settings.cold_start_s,
            lambda: self._news.told,
            self._pass_on,
            KvParts(),
        )
        self._loop = asyncio.get_running_loop()
        self._server = GatewayServer(self._service.serve, self._service.hold.close, settings.host, settings.port, http)
        self._server.start()
        self._looker = asyncio.ensure_future(self._keep_looking())
        self._reader = asyncio.ensure_future(self._news.follow()) if autoscaled else None

    def ping(self) -> str:
        return "ok"

    def record_autoscaling_stats(self) -> dict[str, float]:
        """What has come in, what waits and what was answered, for Ray Serve to push to its controller."""
        count, seconds = self._service.metrics.first_tokens
        told = {ANSWERED: self._service.metrics.answered, FIRST_TOKENS: count, FIRST_TOKEN_S: seconds}
        tpots = {tpot_name(*key): float(count) for key, count in self._service.metrics.tpots.items()}
        return {**self._service.hold.stats(), **told, **tpots}

    def __del__(self) -> None:
        self._server.stop(DRAIN_S)

    async def _pass_on(self, order: ReplicaOrder) -> str | None:
        """From the server's loop to that of Ray's handles."""
        asked = asyncio.run_coroutine_threadsafe(pass_on(order, self._engines), self._loop)
        return await asyncio.wrap_future(asked)

    async def _keep_looking(self) -> None:
        """Follow the replicas that Ray Serve runs."""
        while True:
            looks = await asyncio.gather(*map(_look_at, self._engines))
            seen = [status for replicas in looks for status in replicas or ()]
            unseen = {e.deployment_name for e, replicas in zip(self._engines, looks, strict=True) if replicas is None}
            self._server.call(self._table.update, seen, unseen)
            await asyncio.sleep(LOOK_PERIOD_S)


async def _look_at(engines: DeploymentHandle[Any]) -> list[ReplicaStatus] | None:
    """The replicas of one variant that answer; None when they cannot be seen."""
    try:
        answers = await engines.broadcast("describe").results_async(timeout_s=LOOK_TIMEOUT_S, return_exceptions=True)
        return [replica_status(answer) for answer in answers if isinstance(answer, dict)]
    except DeploymentUnavailableError:  # it has no replica
        return []
    except Exception as error:  # the controller may be away for a moment
        logger.warning("the replicas of %s cannot be seen now: %s", engines.deployment_name, type(error).__name__)
        return None


def _doors(spec: GatewaySpec) -> Doors:
    keys = KeyStore(Path(spec.keys_path))
    admin_token = Path(spec.admin_token_path).read_text().strip()
    look_token = partial(_look_token, Path(spec.look_token_path))
    return Doors(keys.read, keys.version, admin_token, look_token, spec.keys_required)


def _look_token(path: Path) -> bytes:
    """Empty where it cannot be read: nobody comes in by it, and all others do."""
    try:
        return path.read_bytes().strip()
    except OSError:
        return b""


def _limits(spec: GatewaySpec) -> ModelLimits:
    return ModelLimits(spec.served_model_names, spec.caution_past_tokens, spec.variants, spec.loras)
