"""One client's connection: parses requests with llhttp and answers them one after the other."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import cast

import httptools

from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.http_messages import HttpLimits, Request
from orchestrator.serving.gateway.reply import Reply

logger = logging.getLogger(__name__)

MOST_WAITING = 16  # requests sent ahead on one connection before it is read no further
HEADER_LINE_BYTES = 4  # ": " and the line's end

Serve = Callable[[Request, Reply], Awaitable[None]]


class ClientConnection(asyncio.Protocol):
    """Reads requests within `limits`, and gives each to `serve` when the one before is answered."""

    def __init__(self, serve: Serve, limits: HttpLimits, connections: set[ClientConnection]) -> None:
        self._serve = serve
        self._limits = limits
        self._connections = connections
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[Request] = deque()
        self._task: asyncio.Task[None] | None = None
        self._reply: Reply | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._refusal: ApiError | None = None
        self._closing = False
        self._new_message()

    @property
    def busy(self) -> bool:
        return self._task is not None

    def close_when_idle(self) -> None:
        """Finish the request under way, if any, and take no other."""
        self._closing = True
        if not self.busy:
            self._transport.close()

    def hang_up(self) -> None:
        """Drop the connection, whatever it is doing."""
        self._transport.abort()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)
        self._arm(self._limits.head_timeout_s)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._disarm()
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        if self._refusal is not None:
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refusal = ApiError(400, "this server speaks HTTP/1.1 without upgrades")
        except httptools.HttpParserError:
            self._refusal = self._refusal or ApiError(400, "the request is not valid HTTP/1.1")
        if self._refusal is not None:
            self._refuse(self._refusal)

    def pause_writing(self) -> None:
        if self._reply is not None:
            self._reply.pause()
            self._arm(self._limits.write_timeout_s)

    def resume_writing(self) -> None:
        self._disarm()
        if self._reply is not None:
            self._reply.resume()

    # -- llhttp callbacks

    def on_message_begin(self) -> None:
        self._new_message()
        if not self.busy:
            self._arm(self._limits.head_timeout_s)

    def on_url(self, url: bytes) -> None:
        self._target += url
        self._count_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")
        self._count_head(len(name) + len(value))

    def on_headers_complete(self) -> None:
        length = self._headers.get("content-length", "0")
        if length.isdigit() and int(length) > self._limits.max_body_bytes:
            self._refusal = self._too_large()
        if self._refusal is None and not self.busy:
            self._arm(self._limits.body_timeout_s)
            if self._headers.get("expect", "").lower() == "100-continue":
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, data: bytes) -> None:
        self._body.append(data)
        self._body_bytes += len(data)
        if self._body_bytes > self._limits.max_body_bytes:
            self._refusal = self._too_large()

    def on_message_complete(self) -> None:
        if self._refusal is not None:
            return
        self._waiting.append(self._request())
        self._disarm()
        if not self.busy:
            self._answer_next()
        elif len(self._waiting) >= MOST_WAITING:
            self._transport.pause_reading()

    # -- one request

    def _new_message(self) -> None:
        self._target = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._head_bytes = 0

    def _count_head(self, data_bytes: int) -> None:
        self._head_bytes += data_bytes + HEADER_LINE_BYTES
        if self._head_bytes > self._limits.max_head_bytes:
            self._refusal = ApiError(431, f"the request's head has more than {self._limits.max_head_bytes:,} bytes")

    def _too_large(self) -> ApiError:
        return ApiError(413, f"the body has more than {self._limits.max_body_bytes:,} bytes", code="body_too_large")

    def _request(self) -> Request:
        return Request(
            method=self._parser.get_method().decode("latin-1"),
            path=self._target.decode("latin-1").partition("?")[0],
            headers=self._headers,
            body=b"".join(self._body),
            http_1_1=self._parser.get_http_version() != "1.0",
            keep_alive=self._parser.should_keep_alive(),
        )

    def _answer_next(self) -> None:
        request = self._waiting.popleft()
        self._transport.resume_reading()
        self._reply = Reply(self._transport, request)
        self._task = asyncio.get_running_loop().create_task(self._run(request, self._reply))

    async def _run(self, request: Request, reply: Reply) -> None:
        try:
            await self._serve(request, reply)
        except asyncio.CancelledError:
            self._transport.abort()
            raise
        except Exception:
            logger.exception("the gateway failed on %s %s", request.method, request.path)
            if not reply.started:
                reply.send_error(ApiError(500, "the gateway failed", type_="server_error"))
        self._answered(reply)

    def _answered(self, reply: Reply) -> None:
        self._task = None
        self._reply = None
        if not reply.finished:
            self._transport.abort()
        elif not reply.keep_alive or self._closing or self._refusal is not None:
            self._transport.close()
        elif self._waiting:
            self._answer_next()
        else:
            self._arm(self._limits.idle_timeout_s)

    def _refuse(self, error: ApiError) -> None:
        """Answer with an error and hang up, after what is being answered: what follows cannot be trusted."""
        if self.busy:
            self._closing = True
            return
        self._disarm()
        request = Request("", "", {}, b"", http_1_1=True, keep_alive=False)
        Reply(self._transport, request).send_error(error)
        self._transport.close()

    # -- time limits

    def _arm(self, delay_s: float) -> None:
        self._disarm()
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._transport.abort)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
