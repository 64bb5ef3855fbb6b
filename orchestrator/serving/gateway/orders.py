"""What a person asks of one replica, taken at the gateway and passed on to it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from orchestrator.core.by_hand import ReplicaOrder, order_from_data
from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.doors import Doors
from orchestrator.serving.gateway.http_messages import Request
from orchestrator.serving.gateway.reply import Reply

PassOn = Callable[[ReplicaOrder], Awaitable[str | None]]


class Orders:
    """`pass_on` has the replica begin, and returns why it refuses, or nothing; None where no replica is the one."""

    def __init__(self, doors: Doors, pass_on: PassOn) -> None:
        self._doors = doors
        self._pass_on = pass_on

    async def serve(self, request: Request, reply: Reply) -> None:
        """Answers once the replica has begun; how far it is its status tells."""
        self._doors.check_admin(request.headers)
        order = _order(await request.body.read())
        refused = await self._pass_on(order)
        if refused is None:
            raise ApiError(404, f"no replica {order.replica_id} runs", code="unknown_replica")
        if refused:
            raise ApiError(409, refused, code="replica_busy")
        reply.send(200, [("content-type", "application/json")], b'{"accepted":true}')


def _order(body: bytes) -> ReplicaOrder:
    try:
        return order_from_data(json.loads(body))
    except (KeyError, TypeError, ValueError) as wrong:
        raise ApiError(400, f"this is no order for a replica: {wrong}", code="invalid_order") from None
