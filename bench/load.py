"""A lean client: streams over raw sockets, in a process of its own, and counts what arrives."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import uvloop


@dataclass(frozen=True)
class Target:
    """Where to send streams to."""

    port: int
    path: str
    body: bytes


@dataclass(frozen=True)
class Streams:
    """What a run of streams gave; times in seconds, the first event's counted from the request."""

    first_event_s: list[float]
    events: int
    whole: int
    wall_s: float

    @property
    def events_per_s(self) -> float:
        return self.events / self.wall_s


def completion_body(max_tokens: int) -> bytes:
    body = {"model": "demo", "prompt": "the model", "max_tokens": max_tokens, "stream": True, "temperature": 0}
    return json.dumps(body).encode()


def run_streams(target: Target, concurrency: int, total: int) -> Streams:
    """`total` streams, `concurrency` at a time, from a fresh process."""
    return in_process(_run, target, concurrency, total)


def in_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """Call a function in a process of its own and give its answer."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def _run(target: Target, concurrency: int, total: int) -> Streams:
    return uvloop.run(_all(target, concurrency, total))


async def _all(target: Target, concurrency: int, total: int) -> Streams:
    left = iter(range(total))
    firsts: list[float] = []
    counts: list[tuple[int, bool]] = []

    async def worker() -> None:
        for _ in left:
            first_s, events, whole = await _one(target)
            firsts.append(first_s)
            counts.append((events, whole))

    started_s = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(concurrency)))
    wall_s = time.perf_counter() - started_s
    return Streams(firsts, sum(count for count, _ in counts), sum(whole for _, whole in counts), wall_s)


async def _one(target: Target) -> tuple[float, int, bool]:
    """Seconds to the first event, the number of events, and whether the stream came to its end."""
    head = f"POST {target.path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {len(target.body)}\r\n\r\n"
    started_s = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    writer.write(head.encode() + target.body)
    first_s, events, tail = 0.0, 0, b""
    while data := await reader.read(65536):
        found = data.count(b"data: ")
        if found and not events:
            first_s = time.perf_counter() - started_s
        events += found
        tail = (tail + data)[-64:]
    writer.close()
    return first_s, events, b"[DONE]" in tail
