"""Requests' bodies while they come, and how many bytes of them the gateway holds at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from orchestrator.serving.gateway.api_errors import ApiError, body_too_large, gateway_full


class BodyPool:
    """The bytes that all connections together may hold."""

    def __init__(self, free_bytes: int) -> None:
        self.free_bytes = free_bytes


class BodyShare:
    """One connection's part of the pool, at most `most_bytes`."""

    def __init__(self, pool: BodyPool, most_bytes: int) -> None:
        self._pool = pool
        self._most_bytes = most_bytes
        self._held_bytes = 0

    def take(self, size: int) -> None:
        """Raises ApiError when this connection, or all together, hold too much."""
        if self._held_bytes + size > self._most_bytes:
            raise body_too_large(self._most_bytes)
        if size > self._pool.free_bytes:
            raise gateway_full("the gateway holds all the requests that it can")
        self._held_bytes += size
        self._pool.free_bytes -= size

    def give_back(self, size: int) -> None:
        self._held_bytes -= size
        self._pool.free_bytes += size

    def give_back_all(self) -> None:
        self.give_back(self._held_bytes)


class Body:
    """One request's body: collected as it comes, awaited by whoever needs it, given away once."""

    def __init__(self, take: Callable[[int], None], go_on: Callable[[], None]) -> None:
        self._take = take
        self._go_on = go_on
        self._data = bytearray()
        self._end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.complete = False
        self.size = 0

    def add(self, data: bytes) -> None:
        """Raises ApiError when there is no room for more."""
        self._take(len(data))
        self.size += len(data)
        self._data += data

    def finish(self) -> None:
        self.complete = True
        self._end.set_result(None)

    def fail(self, error: ApiError) -> None:
        """Whoever waits for the rest gets `error` instead."""
        if not self._end.done():
            self._end.set_exception(error)
            self._end.exception()  # looked at, since nobody may be waiting for it

    async def read(self) -> bytes:
        """All of it; a client that asked whether to send it is told to go on. Raises ApiError."""
        if not self._end.done():
            self._go_on()
        await self._end
        data, self._data = bytes(self._data), bytearray()
        return data
