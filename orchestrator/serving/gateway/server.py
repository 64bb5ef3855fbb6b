"""The gateway's listening socket and its event loop, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, cast

import uvloop

from orchestrator.serving.gateway.client import ClientConnection, Serve
from orchestrator.serving.gateway.http_messages import HttpLimits

BACKLOG = 1024


class GatewayServer:
    """Serves HTTP on `host`:`port` from its own uvloop, so that nothing else in the process delays a token."""

    def __init__(self, serve: Serve, host: str, port: int, limits: HttpLimits) -> None:
        self._serve = serve
        self._address = (host, port)
        self._limits = limits
        self._connections: set[ClientConnection] = set()
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="qorch-gateway", daemon=True)
        self._server: asyncio.Server | None = None
        self._port = port

    @property
    def port(self) -> int:
        """The port that is bound, also when 0 was asked for."""
        return self._port

    def start(self) -> None:
        """Listen; raises OSError when the address cannot be bound."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()

    def call(self, function: Callable[..., None], *arguments: Any) -> None:
        """Run a function on the gateway's loop."""
        self._loop.call_soon_threadsafe(function, *arguments)

    def stop(self, drain_s: float) -> None:
        """Take no new request, give those under way `drain_s` to end, then hang up."""
        self.drain(drain_s)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def drain(self, drain_s: float) -> None:
        """The first part of stopping; the loop goes on."""
        asyncio.run_coroutine_threadsafe(self._drain(drain_s), self._loop).result()

    async def _listen(self) -> None:
        host, port = self._address
        server = await self._loop.create_server(
            lambda: ClientConnection(self._serve, self._limits, self._connections),
            host,
            port,
            reuse_port=True,  # a gateway that takes over may listen before the old one is gone
            backlog=BACKLOG,
        )
        self._server = cast(asyncio.Server, server)
        self._port = int(self._server.sockets[0].getsockname()[1])

    async def _drain(self, drain_s: float) -> None:
        assert self._server is not None
        self._server.close()
        for connection in list(self._connections):
            connection.close_when_idle()
        deadline = self._loop.time() + drain_s
        while self._connections and self._loop.time() < deadline:
            await asyncio.sleep(0.05)
        for connection in list(self._connections):
            connection.hang_up()
