"""Server-sent events on their way to a client: whole events only, so that an error can always follow."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.serving.gateway.answer_pace import AnswerPace
from orchestrator.serving.gateway.api_errors import ApiError, error_event, stream_incomplete
from orchestrator.serving.gateway.engine_exchange import EngineFailed
from orchestrator.serving.gateway.event_pieces import EventPieces
from orchestrator.serving.gateway.reply import Header, Reply
from orchestrator.serving.gateway.usage_events import UsageEvents

DONE = b"data: [DONE]\n\n"
ENGINE_ERROR = b'data: {"error"'  # what a model says is within a string, where the quotes are escaped


class EventStream:
    """Starts the client's stream with the engine's first event; `write` is the per-token path."""

    def __init__(
        self, reply: Reply, headers: list[Header], on_start: Callable[[], None], hides_usage: bool = False
    ) -> None:
        self._reply = reply
        self._headers = headers
        self._on_start = on_start
        self._pieces = EventPieces()
        self._last = b""
        self.pace = AnswerPace()
        self.usage = UsageEvents(hides_usage)
        self._send: Callable[[bytes], None] = self._start

    @property
    def started(self) -> bool:
        return self._reply.started

    @property
    def last(self) -> bytes:
        """What was passed on last: another object each time, so that who looks twice sees progress."""
        return self._last

    def write(self, data: bytes) -> None:
        """Pass on what is whole; raises EngineFailed at an engine's own error, which tells of its insides.

        Engines send each event as a chunk of its own, so here an error can only stand at the beginning.
        """
        data = self.usage.pass_on(self._pieces.whole(data))
        if not data:
            return
        if data.startswith(ENGINE_ERROR):
            raise EngineFailed("the engine told of an error in its stream")
        self._last = data
        self.pace.count(data)
        self._send(data)

    def end(self, error: ApiError | None, request_id: str) -> bool:
        """Close the stream, with a typed error unless the engine ended it itself; tells whether it did."""
        clean = error is None and self._last.endswith(DONE)
        if not clean:
            self._send(error_event(error or stream_incomplete(), request_id))
        self._reply.end_stream()
        return clean

    def _start(self, data: bytes) -> None:
        self._send = self._reply.start_stream(self._headers)
        self._on_start()
        self._send(data)
