"""The history that the policy tells in parts, passed on as it is, and what it has learned."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from orchestrator.adapters.scaling_file import JSON
from orchestrator.app.history_port import HistoryParts
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.scaling.history_parts import part_of
from orchestrator.core.scaling.told import ScalingTold
from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.doors import Doors
from orchestrator.serving.gateway.http_messages import Request
from orchestrator.serving.gateway.reply import Header, Reply

HISTORY, LEARNED = "/qorch/v1/history", "/qorch/v1/learned"
JSON_TYPE: Header = ("content-type", "application/json")
BYTES_TYPE: Header = ("content-type", "application/octet-stream")


class History:
    """For whoever may look at the fleet: a list of parts, and below its path each of them."""

    def __init__(self, doors: Doors, parts: HistoryParts, scaling: Callable[[], ScalingTold | None]) -> None:
        self._doors, self._parts, self._scaling = doors, parts, scaling

    async def serve(self, request: Request, reply: Reply) -> None:
        """Asks the store in a thread, since it may be away; raises ApiError."""
        self._doors.check_look(request.headers)
        name = request.path.removeprefix(HISTORY).removeprefix("/")
        try:
            if name:
                reply.send(200, [BYTES_TYPE], await self._part(name))
            else:
                names = await asyncio.to_thread(self._parts.names)
                reply.send(200, [JSON_TYPE], json.dumps({"parts": sorted(filter(part_of, names))}).encode())
        except EnvironmentNotReady as error:
            raise ApiError(503, error.message, type_="server_error", code="history_away", retry_after_s=2) from None

    async def learned(self, request: Request, reply: Reply) -> None:
        """The policy's state, null before its first look."""
        self._doors.check_look(request.headers)
        told = self._scaling()
        reply.send(200, [JSON_TYPE], b"null" if told is None else JSON.dump(told.state))

    async def _part(self, name: str) -> bytes:
        value = await asyncio.to_thread(self._parts.get, name) if part_of(name) else None
        if value is None:
            raise ApiError(404, f"the history has no part {name}", code="unknown_part")
        return value


def route_of(path: str) -> str:
    """The route that serves a path: one serves all parts of the history."""
    return HISTORY if path.startswith(f"{HISTORY}/") else path
