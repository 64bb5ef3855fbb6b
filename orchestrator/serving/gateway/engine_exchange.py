"""One request to one engine: sends it, and hands the answer's body on as it arrives."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import cast

import httptools

from orchestrator.serving.gateway.http_messages import request_bytes
from orchestrator.serving.gateway.vanished import notice_vanished_peer

CONNECT_TIMEOUT_S = 1.0
Sink = Callable[[bytes], None]

MOST_ANSWER_BYTES = 256 * 2**20


class EngineTrouble(Exception):
    """An engine did not do what was asked.

    ├── EngineUnreachable   nobody listens, or the model is still loading: it took no work
    ├── EngineGone          it hung up, or stopped making sense, before its answer was whole
    └── EngineFailed        it answered with an error of its own
    """


class EngineUnreachable(EngineTrouble):
    """Nobody listens, or the model is still loading: the engine took no work."""


class EngineGone(EngineTrouble):
    """The engine hung up, or stopped making sense, before its answer was whole."""


class EngineFailed(EngineTrouble):
    """The engine answered with an error of its own."""


class EngineExchange(asyncio.Protocol):
    """The engine's side of a request; `status` and `read`/`forward` give its answer.

    A body that arrives before `forward` names its sink is kept, so nothing is lost in between.
    """

    def __init__(self, request: bytes) -> None:
        loop = asyncio.get_running_loop()
        self._request = request
        self._parser = httptools.HttpResponseParser(self)
        self._status: asyncio.Future[int] = loop.create_future()
        self._whole: asyncio.Future[None] = loop.create_future()
        self._kept = bytearray()
        self._sink: Sink = self._keep
        self._transport: asyncio.Transport | None = None
        self.held_back = False  # whether it had to wait for the client at some time
        self.through: Callable[[Sink], Sink] = lambda sink: sink  # how a body comes to its sink

    @classmethod
    async def open(cls, host: str, port: int, path: str, body: bytes) -> EngineExchange:
        """Connect and send; raises EngineUnreachable when nobody listens within a second."""
        named = f"[{host}]" if ":" in host else host
        exchange = cls(request_bytes("POST", path, f"{named}:{port}", body))
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await asyncio.get_running_loop().create_connection(lambda: exchange, host, port)
        except BaseException as error:
            exchange.close()
            if isinstance(error, OSError):  # also TimeoutError
                raise EngineUnreachable(f"cannot connect: {error}") from error
            raise
        return exchange

    async def status(self) -> int:
        """The status code; raises EngineTrouble."""
        return await self._status

    async def read(self) -> bytes:
        """The whole body; raises EngineTrouble."""
        await self._whole
        return bytes(self._kept)

    async def forward(self, sink: Sink) -> None:
        """Give every piece of the body to `sink` until the answer is whole; raises EngineTrouble, also `sink`'s."""
        sink = self.through(sink)
        if self._kept:
            sink(bytes(self._kept))
            self._kept.clear()
        self._sink = sink
        await self._whole

    def close(self) -> None:
        """Hang up; an engine that is still working on this request stops within a second."""
        if self._transport is not None:
            self._transport.abort()

    def pause_reading(self) -> None:
        self.held_back = True
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        notice_vanished_peer(cast(socket.socket, transport.get_extra_info("socket")))
        self._transport.write(self._request)
        self._request = b""

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._fail(cause if isinstance(cause, EngineTrouble) else EngineGone(f"not HTTP: {error}"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(EngineGone("the engine hung up"))

    # -- llhttp callbacks

    def on_body(self, data: bytes) -> None:
        self._sink(data)

    def on_headers_complete(self) -> None:
        if not self._status.done():
            self._status.set_result(self._parser.get_status_code())

    def on_message_complete(self) -> None:
        if not self._whole.done():
            self._whole.set_result(None)

    def _keep(self, data: bytes) -> None:
        self._kept += data
        if len(self._kept) > MOST_ANSWER_BYTES:
            raise EngineGone("the engine's answer has no end")

    def _fail(self, trouble: EngineTrouble) -> None:
        for future in (self._status, self._whole):
            if not future.done():
                future.set_exception(trouble)
                future.exception()  # looked at, since nobody may be waiting for it
        self.close()
