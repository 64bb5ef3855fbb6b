"""One client's connection: its requests are answered one after the other, each within time limits."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import deque
from collections.abc import Awaitable, Callable
from typing import cast

from orchestrator.serving.gateway.api_errors import ApiError, gateway_full, saturated
from orchestrator.serving.gateway.body import BodyPool, BodyShare
from orchestrator.serving.gateway.http_messages import HttpLimits, Request
from orchestrator.serving.gateway.reply import Reply
from orchestrator.serving.gateway.request_reader import RequestReader
from orchestrator.serving.gateway.timer import Timer

logger = logging.getLogger(__name__)

Serve = Callable[[Request, Reply], Awaitable[None]]


class Clients:
    """All connections, and what they share."""

    def __init__(self, limits: HttpLimits) -> None:
        self.limits = limits
        self.connections: set[ClientConnection] = set()
        self.pool = BodyPool(limits.max_bodies_bytes)


class ClientConnection(asyncio.Protocol):
    """Gives each request to `serve` when the one before is answered."""

    def __init__(self, serve: Serve, clients: Clients) -> None:
        self._serve = serve
        self._clients = clients
        self._limits = clients.limits
        self._share = BodyShare(clients.pool, self._limits.max_body_bytes)
        self._reader = RequestReader(self, self._limits, self._share.take)
        self._waiting: deque[Request] = deque()
        self._task: asyncio.Task[None] | None = None
        self._reply: Reply | None = None
        self._refusal: ApiError | None = None
        self._read_timer = Timer()
        self._write_timer = Timer()
        self._writing_paused = False
        self._ending = False

    @property
    def busy(self) -> bool:
        return self._task is not None

    def close_when_idle(self) -> None:
        """Finish the request under way, if any, and take no other."""
        self._ending = True
        if self._reply is None:
            self._close()
        else:
            self._reply.keep_alive = False

    def hang_up(self) -> None:
        """Drop the connection, whatever it is doing."""
        self._transport.abort()

    # -- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._clients.connections.add(self)
        if len(self._clients.connections) > self._limits.max_connections:
            self._refuse(gateway_full("the gateway has all the connections that it can hold"))
        else:
            self._read_timer.start(self._limits.head_timeout_s, self._close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._clients.connections.discard(self)
        self._share.give_back_all()
        self._read_timer.stop()
        self._write_timer.stop()
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        refusal = self._reader.feed(data)
        if refusal is not None:
            self._refuse(refusal)

    def eof_received(self) -> bool:
        """A client that ends its side has left, as far as TCP can tell: an answer that is nearly there still goes."""
        self._ending = True
        self._reader.stop(ApiError(400, "the request ended before it was whole"))
        if self.busy:
            self._read_timer.start(self._limits.half_closed_s, self._transport.abort)
        else:
            self._close()
        return True

    def pause_writing(self) -> None:
        self._writing_paused = True
        self._write_timer.start(self._limits.write_timeout_s, self._transport.abort)
        if self._reply is not None:
            self._reply.pause()

    def resume_writing(self) -> None:
        self._writing_paused = False
        self._write_timer.stop()
        if self._reply is not None:
            self._reply.resume()

    # -- request_reader.Reading

    def request_begins(self) -> None:
        if not self.busy:
            self._read_timer.start(self._limits.head_timeout_s, self._too_slow)

    def request_arrives(self, request: Request) -> None:
        if len(self._waiting) >= self._limits.max_requests_ahead:
            raise saturated(f"at most {self._limits.max_requests_ahead} requests may be sent ahead")
        self._waiting.append(request)
        if not self.busy:
            self._answer_next()

    def request_is_whole(self) -> None:
        self._read_timer.stop()

    def go_on(self) -> None:
        self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    # -- one request

    def _answer_next(self) -> None:
        request = self._waiting.popleft()
        if not request.body.complete:
            self._read_timer.start(self._limits.body_timeout_s, self._too_slow)
        keep_alive = request.keep_alive and not (self._ending and not self._waiting)
        self._reply = Reply(self._transport, request.http_1_1, request.method == "HEAD", keep_alive)
        if self._writing_paused:
            self._reply.pause()
        self._task = asyncio.get_running_loop().create_task(self._run(request, self._reply))

    async def _run(self, request: Request, reply: Reply) -> None:
        try:
            await self._serve(request, reply)
        except asyncio.CancelledError:
            self._transport.abort()
            raise
        except Exception as error:
            _log(error, request)
            if not reply.started:
                reply.send_error(ApiError(500, "the gateway failed", type_="server_error"))
        self._answered(request, reply)

    def _answered(self, request: Request, reply: Reply) -> None:
        self._task = None
        self._reply = None
        self._share.give_back(request.body.size)
        if not reply.finished:
            self._transport.abort()
        elif not request.body.complete:
            self._linger()
        elif not reply.keep_alive:
            self._close()
        elif self._waiting:
            self._answer_next()
        elif self._refusal is not None:
            self._refuse(self._refusal)
        elif self._ending:
            self._close()
        else:
            self._read_timer.start(self._limits.idle_timeout_s, self._close)

    # -- the end of a connection

    def _too_slow(self) -> None:
        refusal = self._reader.stop(ApiError(408, "the request did not come in time"))
        if refusal is not None:
            self._refuse(refusal)

    def _refuse(self, error: ApiError) -> None:
        """Answer with an error, after all that came before, and hang up: what follows cannot be read."""
        self._refusal = error
        if not self.busy:
            Reply(self._transport, http_1_1=True, bodiless=False, keep_alive=False).send_error(error)
            self._linger()

    def _linger(self) -> None:
        """Close our side only: a client that still sends would lose the answer to a TCP reset."""
        self._reader.stop(ApiError(400, "the request was answered before it was whole"))
        if self._ending:
            self._close()
        else:
            self._transport.write_eof()
            self._read_timer.start(self._limits.linger_s, self._transport.abort)

    def _close(self) -> None:
        """Hang up once everything is written, however slowly the client reads, but not for ever."""
        self._read_timer.start(self._limits.write_timeout_s, self._transport.abort)
        self._transport.close()


def _log(error: Exception, request: Request) -> None:
    """Where the gateway failed; the exception's own text may hold a prompt and is left out."""
    where = "".join(traceback.format_tb(error.__traceback__))
    logger.error("the gateway failed on %s %s: %s\n%s", request.method, request.path, type(error).__name__, where)
