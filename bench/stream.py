"""One stream over a raw socket: it is checked, and its pieces are timed."""

from __future__ import annotations

import asyncio
import json
import random
import re
import string
import time
from dataclasses import dataclass
from typing import cast

from orchestrator.adapters.ports import LOOPBACK

CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"
QUESTION = "Tell me about the sea"
FRESH_WORDS = 25  # about 64 tokens of the demo's
ALWAYS = {"model": "demo", "temperature": 0, "stream": True, "stream_options": {"include_usage": True}}
GOOD, MARK = b"HTTP/1.1 200 ", b"data: "  # how an answer begins, and each event
COUNTED = re.compile(rb'"completion_tokens": ?(\d+)')
TAIL_BYTES = 4096  # holds the last events: the engine's count of tokens, and that it is done
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Target:
    """Where to send streams of `tokens` tokens to; `fresh` prompts are random, so that no cache knows them."""

    port: int
    tokens: int
    path: str = CHAT
    fresh: bool = False

    def request(self) -> bytes:
        prompt = _fresh_prompt() if self.fresh else QUESTION
        asked = {"messages": [{"role": "user", "content": prompt}]} if self.path == CHAT else {"prompt": prompt}
        body = json.dumps({**asked, "max_tokens": self.tokens, **ALWAYS}).encode()
        head = (
            f"POST {self.path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


async def one_stream(target: Target) -> Stream:
    """One stream; raises RuntimeError when it is refused, cut, or shorter than asked."""
    loop = asyncio.get_running_loop()
    stream = Stream(target.request(), loop.create_future())
    await loop.create_connection(lambda: stream, LOOPBACK, target.port)
    async with asyncio.timeout(PATIENCE_S):
        await stream.closed
    if not stream.whole or stream.tokens != target.tokens:
        raise RuntimeError(
            f"a whole stream of {target.tokens} tokens is needed, one of {stream.tokens} in {stream.events} events "
            f"is there: {stream.head!r} … {stream.tail[-256:]!r}"
        )
    return stream


class Stream(asyncio.Protocol):
    """One stream's connection."""

    def __init__(self, request: bytes, closed: asyncio.Future[None]) -> None:
        self._request = request
        self.started_s = time.perf_counter()
        self.closed = closed
        self.pieces_s: list[float] = []
        self.events = 0
        self.head = b""
        self.tail = b""

    @property
    def whole(self) -> bool:
        return self.head == GOOD and b"data: [DONE]" in self.tail and b'"error"' not in self.tail

    @property
    def tokens(self) -> int:
        """As the engine counted them at the end: an event may hold several, or none."""
        return max(map(int, COUNTED.findall(self.tail)), default=0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.WriteTransport, transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        if len(self.head) < len(GOOD):
            self.head = (self.head + data)[: len(GOOD)]
        cut = self.tail[1 - len(MARK) :]  # too short for a mark of its own, long enough for one that was cut in two
        if found := (cut + data).count(MARK):
            self.pieces_s.append(time.perf_counter())
            self.events += found
        self.tail = (self.tail + data)[-TAIL_BYTES:]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)


def _fresh_prompt() -> str:
    return " ".join("".join(random.choices(string.ascii_lowercase, k=4)) for _ in range(FRESH_WORDS))
