"""A lean client that notes when each piece of a stream arrives; it runs in a process of its own."""

from __future__ import annotations

import asyncio
import json
import random
import re
import string
import time
from dataclasses import dataclass

import uvloop

from bench.load import MARK, PATIENCE_S, in_process
from orchestrator.adapters.ports import LOOPBACK

WORDS = 25  # of random letters, so that no cache knows them; about 64 tokens of the demo's
TOKENS = re.compile(rb'"completion_tokens":(\d+)')


@dataclass(frozen=True)
class Arrivals:
    """Of some streams: seconds to each first piece, seconds between pieces, tokens as the engine counted them."""

    ttft_s: tuple[float, ...]
    gaps_s: tuple[float, ...]
    tokens: int
    wall_s: float

    @property
    def tok_s(self) -> float:
        return self.tokens / self.wall_s


def arrivals(port: int, concurrency: int, streams_each: int, tokens: int) -> Arrivals:
    """So many clients at once, each with its streams one after the other; raises RuntimeError when one is not whole."""
    found: Arrivals = in_process(_arrivals_here, port, concurrency, streams_each, tokens)
    return found


def _arrivals_here(port: int, concurrency: int, streams_each: int, tokens: int) -> Arrivals:
    return uvloop.run(_all(port, concurrency, streams_each, tokens))


async def _all(port: int, concurrency: int, streams_each: int, tokens: int) -> Arrivals:
    async def client() -> list[tuple[list[float], int]]:
        return [await _one(port, tokens) for _ in range(streams_each)]

    begin_s = time.perf_counter()
    clients = await asyncio.gather(*(client() for _ in range(concurrency)))
    wall_s = time.perf_counter() - begin_s
    streams = [stream for client in clients for stream in client]
    gaps = tuple(gap for times, _ in streams for gap in map(float.__sub__, times[2:], times[1:]))
    return Arrivals(tuple(times[1] - times[0] for times, _ in streams), gaps, sum(n for _, n in streams), wall_s)


async def _one(port: int, tokens: int) -> tuple[list[float], int]:
    """When it was sent and when each piece with events came, and how many tokens there were."""
    times, received = [time.perf_counter()], b""
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    writer.write(_request(tokens))
    async with asyncio.timeout(PATIENCE_S):
        while data := await reader.read(65536):
            if MARK in data:
                times.append(time.perf_counter())
            received += data
    writer.close()
    counted = TOKENS.findall(received)
    if b"data: [DONE]" not in received or not counted:
        raise RuntimeError(f"a stream that is not whole: {received[:200]!r} … {received[-200:]!r}")
    return times, int(counted[-1])


def _request(tokens: int) -> bytes:
    prompt = " ".join("".join(random.choices(string.ascii_lowercase, k=4)) for _ in range(WORDS))
    wanted = {"stream": True, "stream_options": {"include_usage": True}, "temperature": 0}
    body = json.dumps({"model": "demo", "prompt": prompt, "max_tokens": tokens, **wanted}).encode()
    head = (
        "POST /v1/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
