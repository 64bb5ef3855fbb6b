"""Server-sent events on their way to a client: whole events only, so that an error can always follow."""

from __future__ import annotations

from collections.abc import Callable

from orchestrator.serving.gateway.api_errors import ApiError, error_event
from orchestrator.serving.gateway.reply import Header, Reply

DONE = b"data: [DONE]\n\n"


class EventStream:
    """Starts the client's stream with the engine's first event; `write` is the per-token path."""

    def __init__(self, reply: Reply, headers: list[Header], on_start: Callable[[], None]) -> None:
        self._reply = reply
        self._headers = headers
        self._on_start = on_start
        self._partial = b""
        self._last = b""
        self._send: Callable[[bytes], None] = self._start

    @property
    def started(self) -> bool:
        return self._reply.started

    def write(self, data: bytes) -> None:
        if self._partial or not data.endswith(b"\n\n"):
            data = self._whole_events(data)
            if not data:
                return
        self._last = data
        self._send(data)

    def end(self, error: ApiError | None, request_id: str) -> bool:
        """Close the stream, with a typed error unless the engine ended it itself; tells whether it did."""
        clean = error is None and self._last.endswith(DONE)
        if not clean:
            broken = error or ApiError(
                502, "the engine's stream ended early", type_="server_error", code="stream_incomplete"
            )
            self._send(error_event(broken, request_id))
        self._reply.end_stream()
        return clean

    def _start(self, data: bytes) -> None:
        self._send = self._reply.start_stream(self._headers)
        self._on_start()
        self._send(data)

    def _whole_events(self, data: bytes) -> bytes:
        events, mark, rest = (self._partial + data).rpartition(b"\n\n")
        self._partial = rest
        return events + mark
