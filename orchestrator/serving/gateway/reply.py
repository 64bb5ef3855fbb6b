"""The writing side of one answer: whole, or as a stream whose pieces go straight to the socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.http_messages import response_head

Header = tuple[str, str]


class Pausable(Protocol):
    """What feeds a stream, and can be held back while the client reads slowly."""

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class Reply:
    """One answer on a client's connection; HTTP/1.0 gets no chunks, HEAD no body."""

    def __init__(self, transport: asyncio.Transport, http_1_1: bool, bodiless: bool, keep_alive: bool) -> None:
        self._transport = transport
        self._chunked = http_1_1
        self._bodiless = bodiless
        self.keep_alive = keep_alive
        self.status = 0
        self.finished = False
        self._source: Pausable | None = None
        self._paused = False

    @property
    def started(self) -> bool:
        return self.status != 0

    def send(self, status: int, headers: Sequence[Header], body: bytes) -> None:
        self.status = status
        head = response_head(status, [*headers, ("content-length", str(len(body)))], self.keep_alive)
        self._transport.write(head if self._bodiless else head + body)
        self.finished = True

    def send_error(self, error: ApiError) -> None:
        self.send(error.status, error.headers(), error.body())

    def start_stream(self, headers: Sequence[Header]) -> Callable[[bytes], None]:
        """Begin a 200 whose length is not known; returns the function that writes one piece."""
        self.status = 200
        framing = [("transfer-encoding", "chunked")] if self._chunked else []
        self._transport.write(response_head(200, [*headers, *framing], self.keep_alive))
        return self._write_chunk if self._chunked else self._transport.write

    def _write_chunk(self, data: bytes) -> None:
        self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    def end_stream(self) -> None:
        if self._chunked:
            self._transport.write(b"0\r\n\r\n")
        self.finished = True

    def feed_from(self, source: Pausable | None) -> None:
        """Hold `source` back whenever the client does not keep up."""
        self._source = source
        if source is not None and self._paused:
            source.pause_reading()

    def pause(self) -> None:
        self._paused = True
        if self._source is not None:
            self._source.pause_reading()

    def resume(self) -> None:
        self._paused = False
        if self._source is not None:
            self._source.resume_reading()
