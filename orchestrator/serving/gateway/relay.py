"""Sends a request to an engine and its answer to the client; a request nobody answered gets one more try."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from orchestrator.serving.gateway.api_errors import ApiError, engine_died, no_engine_ready
from orchestrator.serving.gateway.engine_exchange import EngineExchange, EngineGone
from orchestrator.serving.gateway.engine_table import Engine, EngineTable
from orchestrator.serving.gateway.event_stream import EventStream
from orchestrator.serving.gateway.reply import Header, Reply

ATTEMPTS = 2
LOADING = 503


@dataclass(frozen=True)
class Call:
    """One request as an engine takes it."""

    path: str
    body: bytes
    request_id: str


@dataclass(frozen=True)
class Answer:
    """A whole answer, and the replica that gave it."""

    body: bytes
    replica_id: str


class Relay:
    """Chooses engines from `table`; `on_retry` is told of each second try."""

    def __init__(self, table: EngineTable, on_retry: Callable[[], None]) -> None:
        self._table = table
        self._on_retry = on_retry

    async def whole(self, call: Call) -> Answer:
        """The engine's answer once it is complete; raises ApiError."""
        for engine in self._attempts():
            try:
                async with _exchange(engine, call) as exchange:
                    return Answer(await exchange.read(), engine.status.replica_id)
            except EngineGone:
                engine.reachable = False
        raise engine_died()

    async def stream(self, call: Call, reply: Reply, headers: list[Header], on_start: Callable[[], None]) -> bool:
        """Pass the engine's events on as they come; tells whether the stream ended as it should.

        Raises ApiError as long as the client has been sent nothing.
        """
        for engine in self._attempts():
            told = [*headers, ("x-qorch-replica", engine.status.replica_id)]
            events = EventStream(reply, told, on_start)
            try:
                async with _exchange(engine, call) as exchange:
                    reply.feed_from(exchange)
                    await exchange.forward(events.write)
                    return events.end(None, call.request_id)
            except EngineGone:
                engine.reachable = False
                if events.started:
                    return events.end(engine_died(), call.request_id)
            finally:
                reply.feed_from(None)
        raise engine_died()

    def _attempts(self) -> Iterator[Engine]:
        """The engines to try, one after the other; raises ApiError when none can take the request."""
        tried: set[str] = set()
        for attempt in range(ATTEMPTS):
            engine = self._table.pick(tried)
            if engine is None:
                raise engine_died() if tried else self._refusal()
            if attempt:
                self._on_retry()
            tried.add(engine.status.replica_id)
            yield engine

    def _refusal(self) -> ApiError:
        if self._table.saturated:
            return ApiError(
                429, "every engine has all the requests it can hold", type_="rate_limit_error", code="saturated",
                retry_after_s=1,
            )  # fmt: skip
        return no_engine_ready()


@asynccontextmanager
async def _exchange(engine: Engine, call: Call) -> AsyncIterator[EngineExchange]:
    """An exchange whose engine answered 200; hangs up at the end, whatever happened."""
    with _counted(engine):
        exchange = await EngineExchange.open(engine.status.host, engine.status.port, call.path, call.body)
        try:
            await _expect_success(exchange)
            yield exchange
        finally:
            exchange.close()


@contextmanager
def _counted(engine: Engine) -> Iterator[None]:
    engine.in_flight += 1
    try:
        yield
    finally:
        engine.in_flight -= 1


async def _expect_success(exchange: EngineExchange) -> None:
    status = await exchange.status()
    if status == LOADING:
        raise EngineGone("the engine is loading its model")
    if status != 200:
        raise _engine_refusal(status, await exchange.read())


def _engine_refusal(status: int, body: bytes) -> ApiError:
    """An engine's error without its text, which may tell of its insides."""
    if b"exceed_context_size" in body:
        return ApiError(400, "the prompt does not fit the context", code="context_length_exceeded")
    if 400 <= status < 500:
        return ApiError(400, "the engine cannot take this request", code="refused_by_engine")
    return ApiError(502, "the engine failed on this request", type_="server_error", code="engine_failed")
