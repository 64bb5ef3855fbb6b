"""An engine that does on the wire what its script says: for faults that no real engine commits on demand."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
DONE = b"data: [DONE]\n\n"


def event(text: str) -> bytes:
    return f'data: {{"choices":[{{"text":"{text}"}}]}}\n\n'.encode()


def last_event(text: str = "") -> bytes:
    """With a reason to end, as the last event of a choice has it."""
    return f'data: {{"choices":[{{"text":"{text}","finish_reason":"stop"}}]}}\n\n'.encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """The body of the one request that comes on a connection."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.split(b"\r\n") if line.startswith(b"content-length"))
    return await reader.readexactly(int(length.split(b":")[1]))


class ScriptedEngine:
    """Runs `script` for each connection; `bodies` are the requests that came, `aborted` counts hang-ups."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.bodies: list[bytes] = []
        self.open = 0
        self.aborted = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            self.bodies.append(await read_request(reader))
            await self._script(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.aborted += 1
        finally:
            self.open -= 1
            writer.close()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[int]:
        """Listen on a free port, and give it."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]


async def stream(writer: asyncio.StreamWriter, *pieces: bytes) -> None:
    """A well-formed streamed answer, each piece in a chunk and a write of its own."""
    writer.write(HEAD)
    for piece in pieces:
        writer.write(chunk(piece))
        await writer.drain()
        await asyncio.sleep(0)
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def whole(writer: asyncio.StreamWriter, body: bytes, status: str = "200 OK") -> None:
    writer.write(f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
    await writer.drain()


async def large(writer: asyncio.StreamWriter, size: int) -> None:
    """A streamed answer of `size` bytes of text."""
    piece = min(size, 1_000_000)
    await stream(writer, *[event("x" * piece)] * (size // piece), last_event(), DONE)


# -- scripts


async def good(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await stream(writer, event("a"), last_event("b"), DONE)


async def good_whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await whole(writer, b'{"choices": []}')


async def never_answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(1)


async def dies_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def streams_for_ever(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD)
    while True:
        writer.write(chunk(event("x" * 1000)))
        await writer.drain()
        await asyncio.sleep(0)


def sends(*pieces: bytes) -> Script:
    """Sends these bytes as they are, a moment apart, and hangs up without a word."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)
        writer.transport.abort()

    return script
