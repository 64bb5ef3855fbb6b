"""Sends a request to an engine and its answer to the client; a request that an engine lost gets one more try."""

from __future__ import annotations

import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from orchestrator.serving.gateway.api_errors import ApiError, engine_died, engine_failed, stream_incomplete
from orchestrator.serving.gateway.engine_exchange import (
    EngineExchange,
    EngineFailed,
    EngineGone,
    EngineTrouble,
    EngineUnreachable,
)
from orchestrator.serving.gateway.engine_request import translated
from orchestrator.serving.gateway.engine_table import Engine, EngineTable
from orchestrator.serving.gateway.event_stream import EventStream
from orchestrator.serving.gateway.hold import Hold
from orchestrator.serving.gateway.joined_answer import JoinedAnswer
from orchestrator.serving.gateway.reply import Header, Reply
from orchestrator.serving.gateway.request_log import RequestNote
from orchestrator.serving.gateway.waiters import Ticket

ATTEMPTS = 2
LOADING = 503
TOLD: dict[type[EngineTrouble], Callable[[], ApiError]] = {
    EngineGone: engine_died,
    EngineFailed: engine_failed,
}

Result = TypeVar("Result")


@dataclass(frozen=True)
class Call:
    """One request as an engine takes it."""

    path: str
    body: bytes
    request_id: str
    able: frozenset[str]  # the variants that can take it
    ticket: Ticket | None = None  # of one that may wait for an engine; others are refused at once
    note: RequestNote = field(default_factory=RequestNote)
    hides_usage: bool = False  # whether its client did not ask for the counts of tokens


@dataclass(frozen=True)
class Answer:
    """A whole answer, and the replica that gave it."""

    body: bytes
    replica_id: str


class Relay:
    """Has its engines from `hold`; `on_retry` is told of each further try, `on_pace` of an answer's
    seconds a token and the variant that wrote it."""

    def __init__(
        self, table: EngineTable, hold: Hold, on_retry: Callable[[], None], on_pace: Callable[[str, float], None]
    ) -> None:
        self._table = table
        self._hold = hold
        self._on_retry = on_retry
        self._on_pace = on_pace
        # A count goes before some answers: with turns in common, all of these would come to the same engine.
        self._question_turns, self._answer_turns = itertools.count(), itertools.count()
        self._streams: set[EventStream | JoinedAnswer] = set()
        self.answered_s = float("-inf")  # when an engine last answered, on the monotonic clock

    def progress_from_now(self) -> Callable[[], bool]:
        """A function that tells whether any engine has answered, or gone on answering, since this call."""
        answered_s, pieces = self.answered_s, {stream: stream.last for stream in self._streams}
        return lambda: self.answered_s != answered_s or any(s.last is not last for s, last in pieces.items())

    async def ready(self, able: frozenset[str], ticket: Ticket) -> str:
        """What kind of engine is ready, once one of the `able` variants is; raises ApiError when none is in time."""
        engine = await self._hold.engine(able, ticket, time.monotonic(), next(self._question_turns))
        self._table.give_back(engine)
        return engine.status.engine

    async def ask(self, call: Call) -> Answer:
        """The engine's answer to a small question; raises ApiError."""

        async def read(engine: Engine, exchange: EngineExchange) -> Answer:
            body = await exchange.read()
            if not body.startswith(b"{"):
                raise EngineFailed("the engine's answer is no JSON object")
            return self._answer(engine, body)

        return await self._first_answer(call, read, self._question_turns)

    async def whole(self, call: Call) -> Answer:
        """The engine's stream as one answer, once it is complete; raises ApiError."""

        async def join(engine: Engine, exchange: EngineExchange) -> Answer:
            joined = JoinedAnswer()
            call.note.hears(joined.pace, joined.usage)
            with self._going_on(joined, engine, exchange):
                await exchange.forward(joined.write)
            return self._answer(engine, joined.body())

        return await self._first_answer(call, join, self._answer_turns)

    async def stream(self, call: Call, reply: Reply, headers: list[Header], on_start: Callable[[Engine], None]) -> bool:
        """Pass the engine's events on as they come; tells whether the stream ended as it should.

        Raises ApiError as long as the client has been sent nothing.
        """

        async def pass_on(engine: Engine, exchange: EngineExchange) -> bool:
            def started() -> None:
                self._mark_answer()
                on_start(engine)

            replica: Header = ("x-qorch-replica", engine.status.replica_id)
            events = EventStream(reply, [*headers, replica], started, call.hides_usage)
            call.note.hears(events.pace, events.usage)
            try:
                await self._forward(engine, exchange, events, reply)
            except EngineTrouble as trouble:
                if not events.started:
                    raise
                _note(engine, trouble)
                error = TOLD[type(trouble)]()
                call.note.broke(error)
                return events.end(error, call.request_id)
            return self._ended(engine, events, call)

        return await self._first_answer(call, pass_on, self._answer_turns)

    async def _forward(self, engine: Engine, exchange: EngineExchange, events: EventStream, reply: Reply) -> None:
        reply.feed_from(exchange)
        try:
            with self._going_on(events, engine, exchange):
                await exchange.forward(events.write)
        finally:
            reply.feed_from(None)
        if not events.started:
            raise EngineGone("the engine's stream was empty")

    def _ended(self, engine: Engine, events: EventStream, call: Call) -> bool:
        """Whether the engine ended its stream as it should."""
        whole = events.end(None, call.request_id)
        if not whole:
            engine.counts.failed += 1
            call.note.broke(stream_incomplete())
        return whole

    @contextmanager
    def _going_on(self, stream: EventStream | JoinedAnswer, engine: Engine, exchange: EngineExchange) -> Iterator[None]:
        """Known as a stream that goes on, as long as it does; its pace is told when it has come to its end.

        Where the client did not keep up, the pace was the client's.
        """
        self._streams.add(stream)
        try:
            yield
        finally:
            self._streams.discard(stream)
        if not exchange.held_back and (tpot_s := stream.pace.tpot_s(stream.usage.generation_tokens)) is not None:
            self._on_pace(engine.status.deployment, tpot_s)

    async def _first_answer(
        self, call: Call, use: Callable[[Engine, EngineExchange], Awaitable[Result]], turns: Iterator[int]
    ) -> Result:
        """What `use` makes of the first engine that answers; raises ApiError when none does.

        One that took no work is no attempt: it is left out until it is seen again, and so are those that were lost.
        """
        lost, again, since_s = 0, False, time.monotonic()
        while True:
            engine = await self._hold.engine(call.able, call.ticket, since_s, next(turns))
            if again:
                self._on_retry()
            again = True
            call.note.asks(engine.status.replica_id)
            try:
                async with self._exchange(engine, call) as exchange:
                    return await use(engine, exchange)
            except EngineFailed:
                raise engine_failed() from None
            except EngineUnreachable:
                self._hold.require_time(call.able, since_s)
            except EngineGone:
                lost, since_s = lost + 1, time.monotonic()
                if lost == ATTEMPTS:
                    raise engine_died() from None

    def _answer(self, engine: Engine, body: bytes) -> Answer:
        self._mark_answer()
        return Answer(body, engine.status.replica_id)

    def _mark_answer(self) -> None:
        self.answered_s = time.monotonic()

    @asynccontextmanager
    async def _exchange(self, engine: Engine, call: Call) -> AsyncIterator[EngineExchange]:
        """An exchange whose engine answered 200; however it ends, it is hung up and the engine given back."""
        try:
            said = translated(engine.status, call.body)
            exchange = await EngineExchange.open(engine.status.host, engine.status.port, call.path, said.body)
            exchange.through = said.back
            try:
                await _expect_success(exchange)
                yield exchange
            finally:
                exchange.close()
        except EngineTrouble as trouble:
            _note(engine, trouble)
            raise
        finally:
            self._table.give_back(engine)


def _note(engine: Engine, trouble: EngineTrouble) -> None:
    """An engine that is away is left out until it is seen again; one that failed on a request is still there."""
    engine.counts.failed += 1
    if not isinstance(trouble, EngineFailed):
        engine.reachable = False


async def _expect_success(exchange: EngineExchange) -> None:
    status = await exchange.status()
    if status == LOADING:
        raise EngineUnreachable("the engine is loading its model")
    if status != 200:
        raise _engine_refusal(status, await exchange.read())


def _engine_refusal(status: int, body: bytes) -> ApiError | EngineFailed:
    """An engine's error without its text, which may tell of its insides."""
    if b"exceed_context_size" in body:
        return ApiError(400, "the prompt does not fit the context", code="context_length_exceeded")
    if 400 <= status < 500:
        return ApiError(400, "the engine cannot take this request", code="refused_by_engine")
    return EngineFailed(f"the engine answered {status}")
