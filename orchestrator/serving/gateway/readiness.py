"""Does a model answer? Known from the traffic where there is some, asked of an engine where there is none."""

from __future__ import annotations

import asyncio
import json
import time

from orchestrator.app.ports import PROBE_PROMPT
from orchestrator.core.variant_limits import names
from orchestrator.serving.gateway.api_errors import ApiError, no_engine_ready
from orchestrator.serving.gateway.engine_table import EngineTable
from orchestrator.serving.gateway.relay import Call, Relay
from orchestrator.serving.gateway.validation import ModelLimits

READY_FOR_S = 10.0
PROBE_TIMEOUT_S = 4.0


class Readiness:
    """However many ask at once, one asks an engine."""

    def __init__(self, relay: Relay, table: EngineTable, limits: ModelLimits) -> None:
        body = {"model": limits.served_model_names[0], "prompt": PROBE_PROMPT, "max_tokens": 1}
        self._call = Call("/v1/completions", json.dumps(body).encode(), "ready", names(limits.variants))
        self._relay = relay
        self._table = table
        self._probe: asyncio.Task[bool] | None = None

    async def check(self) -> None:
        """Raises ApiError 503 when no model has answered lately, nor does now."""
        fresh = time.monotonic() - self._relay.answered_s < READY_FOR_S
        if not (fresh and self._table.any_ready) and not await asyncio.shield(self._shared_probe()):
            raise no_engine_ready()

    def _shared_probe(self) -> asyncio.Task[bool]:
        if self._probe is None or self._probe.done():
            self._probe = asyncio.get_running_loop().create_task(self._ask())
        return self._probe

    async def _ask(self) -> bool:
        """Engines that are full or slow count as ready as long as what they stream goes on."""
        moved = self._relay.progress_from_now()
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                await self._relay.ask(self._call)
        except ApiError as error:
            return error.status == 429
        except TimeoutError:
            return moved()
        return True
