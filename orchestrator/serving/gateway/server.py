"""The gateway's listening socket and its event loop, in a thread of its own."""

from __future__ import annotations

import asyncio
import resource
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import uvloop

from orchestrator.serving.gateway.client import ClientConnection, Clients, Serve
from orchestrator.serving.gateway.http_messages import HttpLimits
from orchestrator.serving.gateway.vanished import notice_vanished_peer

BACKLOG = 1024
OWN_FILES = 64  # descriptors kept for what is no client
CANCEL_S = 1.0


class GatewayServer:
    """Serves HTTP on `host`:`port` from its own uvloop, so that nothing else in the process delays a token."""

    def __init__(self, serve: Serve, on_drain: Callable[[], None], host: str, port: int, limits: HttpLimits) -> None:
        self._serve = serve
        self._on_drain = on_drain
        self._address = (host, port)
        most = min(limits.max_connections, most_connections())
        self.clients = Clients(replace(limits, max_connections=most))
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
        try:
            asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        except BaseException:
            self._end_loop()
            raise

    def call(self, function: Callable[..., None], *arguments: Any) -> None:
        """Run a function on the gateway's loop."""
        self._loop.call_soon_threadsafe(function, *arguments)

    def stop(self, drain_s: float) -> None:
        """Take no new request, give those under way `drain_s` to end, then hang up; a second time does nothing."""
        if self._thread.is_alive():
            self.drain(drain_s)
            self._end_loop()

    def drain(self, drain_s: float) -> None:
        """The first part of stopping; the loop goes on."""
        asyncio.run_coroutine_threadsafe(self._drain(drain_s), self._loop).result()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> None:
        host, port = self._address
        server = await self._loop.create_server(
            lambda: ClientConnection(self._serve, self.clients),
            host,
            port,
            reuse_port=True,  # a gateway that takes over may listen before the old one is gone
            backlog=BACKLOG,
        )
        self._server = cast(asyncio.Server, server)
        for listening in self._server.sockets:
            notice_vanished_peer(listening)  # connections inherit it
        self._port = int(self._server.sockets[0].getsockname()[1])

    async def _drain(self, drain_s: float) -> None:
        assert self._server is not None
        self._server.close()
        self._on_drain()
        for connection in list(self.clients.connections):
            connection.close_when_idle()
        deadline = self._loop.time() + drain_s
        while self.clients.connections and self._loop.time() < deadline:
            await asyncio.sleep(0.02)
        for connection in list(self.clients.connections):
            connection.hang_up()
        await _cancel_all()


async def _cancel_all() -> None:
    """End what is left, so that no engine works for nobody and no task outlives the loop."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    if others:
        await asyncio.wait(others, timeout=CANCEL_S)


def most_connections() -> int:
    """The clients for which this process has descriptors, each with an engine's connection of its own."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(1, (allowed - OWN_FILES) // 2)
