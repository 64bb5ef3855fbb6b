"""A lean client: streams over raw sockets, in a process of its own; it checks each stream and counts its events."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import uvloop

MARK = b"data: "
CHAT = "/v1/chat/completions"
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Target:
    """Where to send streams of `tokens` tokens to."""

    port: int
    tokens: int
    path: str = CHAT

    @property
    def request(self) -> bytes:
        wanted = {"messages": [{"role": "user", "content": "Tell me about the sea"}], "temperature": 0}
        body = json.dumps({"model": "demo", "max_tokens": self.tokens, "stream": True, **wanted}).encode()
        head = (
            f"POST {self.path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


@dataclass(frozen=True)
class Shape:
    """`streams` in all, `concurrency` at a time; or, with `every_s`, a new one each so many seconds, come what may."""

    streams: int
    concurrency: int = 0
    every_s: float = 0.0


@dataclass(frozen=True)
class Streams:
    """What a run of streams gave; times in seconds, the first event's counted from before the connection."""

    first_event_s: tuple[float, ...]
    events: int
    wall_s: float
    client_cpu_s: float

    @property
    def events_per_s(self) -> float:
        return self.events / self.wall_s

    @property
    def client_share(self) -> float:
        """The part of a core that the client took."""
        return self.client_cpu_s / self.wall_s


def run_streams(target: Target, shape: Shape) -> Streams:
    """Run these streams from a fresh process; raises RuntimeError when any is not whole."""
    return cast(Streams, in_process(stream_here, target, shape))


def in_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a process of its own and give its answer."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def stream_here(target: Target, shape: Shape) -> Streams:
    """Run these streams in this process."""
    return cast(Streams, uvloop.run(_run(target, shape)))


async def _run(target: Target, shape: Shape) -> Streams:
    started_s, cpu_s = time.perf_counter(), time.process_time()
    done = await (_paced(target, shape) if shape.every_s else _at_a_time(target, shape))
    wall_s, spent_s = time.perf_counter() - started_s, time.process_time() - cpu_s
    counts = {stream.events for stream in done}
    if len(done) != shape.streams or len(counts) != 1:
        raise RuntimeError(f"{len(done)} of {shape.streams} streams, with {sorted(counts)} events")
    return Streams(tuple(stream.first_s for stream in done), sum(s.events for s in done), wall_s, spent_s)


async def _at_a_time(target: Target, shape: Shape) -> list[_Stream]:
    left = iter(range(shape.streams))
    done: list[_Stream] = []

    async def worker() -> None:
        for _ in left:
            done.append(await _one(target))

    await asyncio.gather(*(worker() for _ in range(shape.concurrency)))
    return done


async def _paced(target: Target, shape: Shape) -> list[_Stream]:
    async def after(delay_s: float) -> _Stream:
        await asyncio.sleep(delay_s)
        return await _one(target)

    return list(await asyncio.gather(*(after(number * shape.every_s) for number in range(shape.streams))))


async def _one(target: Target) -> _Stream:
    """One stream; raises RuntimeError when it is refused, cut, or shorter than asked."""
    loop = asyncio.get_running_loop()
    stream = _Stream(target.request, loop.create_future())
    await loop.create_connection(lambda: stream, "127.0.0.1", target.port)
    async with asyncio.timeout(PATIENCE_S):
        await stream.closed
    if not stream.whole or stream.events < target.tokens:
        raise RuntimeError(f"a stream of {stream.events} events that is not whole: {stream.head!r} … {stream.tail!r}")
    return stream


class _Stream(asyncio.Protocol):
    """One stream's connection."""

    def __init__(self, request: bytes, closed: asyncio.Future[None]) -> None:
        self._request = request
        self._started_s = time.perf_counter()
        self.closed = closed
        self.first_s = 0.0
        self.events = 0
        self.head = b""
        self.tail = b""

    @property
    def whole(self) -> bool:
        return (
            self.head.startswith(b"HTTP/1.1 200 ") and b"data: [DONE]\n\n" in self.tail and b'"error"' not in self.tail
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.WriteTransport, transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        self.head = self.head or data[:64]
        cut = self.tail[1 - len(MARK) :]  # too short for a mark of its own, long enough for one that was cut in two
        found = (cut + data).count(MARK)
        if found and not self.events:
            self.first_s = time.perf_counter() - self._started_s
        self.events += found
        self.tail = (self.tail + data)[-256:]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)
