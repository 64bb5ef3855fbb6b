"""Engines that fail in every way, and what the client sees of it."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from tests.serving.conftest import Gateway
from tests.serving.raw import chat, exchange, post, status
from tests.serving.scripted_engine import DONE, HEAD, Script, ScriptedEngine, chunk, event, stream, whole

Make = Callable[..., Gateway]
Start = Callable[[Script], Awaitable[tuple[ScriptedEngine, int]]]

TOO_LONG = b'{"error":{"type":"exceed_context_size_error","message":"secret"}}'

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def engine() -> AsyncIterator[Start]:
    """Starts scripted engines, and stops them at the end."""
    running = []

    async def start(script: Script) -> tuple[ScriptedEngine, int]:
        made = ScriptedEngine(script)
        context = made.running()
        running.append(context)
        return made, await context.__aenter__()

    yield start
    for context in running:
        await context.__aexit__(None, None, None)


async def good(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await stream(writer, event("a"), event("b"), DONE)


async def good_whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await whole(writer, b'{"choices": []}')


async def dies_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def dies_after_its_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD)
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.transport.abort()


async def dies_in_an_event(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD + chunk(event("a")) + chunk(event("b")[:12]))
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.transport.abort()


async def stops_without_done(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await stream(writer, event("a"))


async def never_answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(1)


async def streams_for_ever(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(HEAD)
    while True:
        writer.write(chunk(event("x" * 1000)))
        await writer.drain()
        await asyncio.sleep(0)


async def events(gateway: Gateway) -> list[str]:
    body = chat(stream=True)
    async with (
        httpx.AsyncClient() as client,
        client.stream("POST", f"{gateway.url}/v1/chat/completions", content=body) as a,
    ):
        assert a.status_code == 200
        return [line[6:] async for line in a.aiter_lines() if line]


async def ask(gateway: Gateway, **fields: object) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(f"{gateway.url}/v1/chat/completions", content=chat(**fields))


async def test_a_stream_arrives_as_it_was_sent(gateway: Make, engine: Start) -> None:
    _, port = await engine(good)
    seen = await events(gateway(port))
    assert [json.loads(data)["choices"][0]["text"] for data in seen[:-1]] == ["a", "b"]
    assert seen[-1] == "[DONE]"


@pytest.mark.parametrize("bad", [dies_at_once, dies_after_its_head])
async def test_a_request_that_nobody_answered_is_sent_once_elsewhere(gateway: Make, engine: Start, bad: Script) -> None:
    first, second = await engine(bad), await engine(good)
    made = gateway(first[1], second[1])
    assert (await events(made))[-1] == "[DONE]"
    assert len(first[0].bodies) == len(second[0].bodies) == 1
    assert b"qorch_retries_total 1.0" in made.service.metrics.text()


async def test_it_is_sent_no_third_time(gateway: Make, engine: Start) -> None:
    engines = [await engine(dies_at_once) for _ in range(3)]
    answer = await ask(gateway(*(port for _, port in engines)))
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "engine_died"
    assert sum(len(made.bodies) for made, _ in engines) == 2


async def test_an_engine_that_refused_is_left_out_until_it_is_seen_again(gateway: Make, engine: Start) -> None:
    first, second = await engine(dies_at_once), await engine(good_whole)
    made = gateway(first[1], second[1])
    assert [(await ask(made)).status_code for _ in range(4)] == [200] * 4
    assert len(first[0].bodies) == 1
    made.server.call(made.table.update, [entry.status for entry in made.table.engines])
    assert [(await ask(made)).status_code for _ in range(4)] == [200] * 4
    assert len(first[0].bodies) == 2


@pytest.mark.parametrize(
    ("bad", "code"), [(dies_in_an_event, "engine_died"), (stops_without_done, "stream_incomplete")]
)
async def test_a_stream_cut_short_ends_with_one_typed_error(
    gateway: Make, engine: Start, bad: Script, code: str
) -> None:
    _, port = await engine(bad)
    made = gateway(port)
    seen = await events(made)
    assert json.loads(seen[0])["choices"][0]["text"] == "a"
    error = json.loads(seen[1])["error"]
    assert error["code"] == code
    assert error["request_id"]
    assert seen[2:] == ["[DONE]"]
    assert b"qorch_broken_streams_total 1.0" in made.service.metrics.text()


async def test_without_an_engine_the_client_is_told_when_to_come_back(gateway: Make) -> None:
    answer = await ask(gateway())
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"


async def test_engines_that_are_full_are_said_to_be(gateway: Make, engine: Start) -> None:
    held, port = await engine(never_answers)
    made = gateway(port, max_in_flight=1)
    waiting = asyncio.create_task(ask(made))
    while not held.bodies:
        await asyncio.sleep(0.01)
    assert (await ask(made)).status_code == 429
    waiting.cancel()


async def test_requests_go_to_the_engine_with_the_fewest(gateway: Make, engine: Start) -> None:
    busy, idle = await engine(never_answers), await engine(good_whole)
    made = gateway(busy[1], idle[1])
    waiting = asyncio.create_task(ask(made, stream=True))
    while not (busy[0].bodies or idle[0].bodies):
        await asyncio.sleep(0.01)
    if busy[0].bodies:
        assert [(await ask(made)).headers["x-qorch-replica"] for _ in range(3)] == ["r1"] * 3
    waiting.cancel()


@pytest.mark.parametrize("streams", [True, False])
async def test_a_client_that_leaves_frees_its_engine(gateway: Make, engine: Start, streams: bool) -> None:
    made, port = await engine(never_answers)
    request = post(chat(stream=streams))
    with socket.create_connection(("127.0.0.1", gateway(port).port)) as client:
        client.sendall(request)
        while not made.bodies:
            await asyncio.sleep(0.01)
    left_s = time.monotonic()
    while not made.aborted:
        await asyncio.sleep(0.01)
        assert time.monotonic() - left_s < 1


async def test_a_client_that_reads_slowly_holds_its_engine_back(gateway: Make, engine: Start) -> None:
    made, port = await engine(streams_for_ever)
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", gateway(port).port))
    client.sendall(post(chat(stream=True)))
    await asyncio.sleep(0.5)
    received = client.recv(100)
    assert received.startswith(b"HTTP/1.1 200")
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    left_s = time.monotonic()
    while not made.aborted:
        await asyncio.sleep(0.01)
        assert time.monotonic() - left_s < 2


@pytest.mark.parametrize(
    ("answer", "code", "status_code"),
    [
        (("400 Bad Request", TOO_LONG), "context_length_exceeded", 400),
        (("400 Bad Request", b'{"error":{"message":"secret"}}'), "refused_by_engine", 400),
        (("500 Oops", b"secret"), "engine_failed", 502),
    ],
)  # fmt: skip
async def test_an_engines_error_is_told_without_its_words(
    gateway: Make, engine: Start, answer: tuple[str, bytes], code: str, status_code: int
) -> None:
    async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await whole(writer, answer[1], answer[0])

    _, port = await engine(refuses)
    told = await ask(gateway(port))
    assert (told.status_code, told.json()["error"]["code"]) == (status_code, code)
    assert "secret" not in told.text


async def test_an_engine_that_does_not_speak_http_counts_as_dead(gateway: Make, engine: Start) -> None:
    async def babbles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello, who is there?\r\n\r\n")
        await writer.drain()

    _, port = await engine(babbles)
    assert (await ask(gateway(port))).json()["error"]["code"] == "engine_died"


async def test_many_who_ask_whether_it_is_ready_ask_the_engine_once(gateway: Make, engine: Start) -> None:
    made, port = await engine(good_whole)
    url = f"{gateway(port).url}/ready"
    async with httpx.AsyncClient() as client:
        answers = await asyncio.gather(*(client.get(url) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(made.bodies) == 1


async def test_the_engine_reads_what_was_checked_and_nothing_else(gateway: Make, engine: Start) -> None:
    made, port = await engine(good_whole)
    body = b'{"model":"demo","max_tokens":5,"max_tokens":6,"messages":[{"role":"developer","content":"x"}]}'
    answer = await asyncio.to_thread(
        exchange, gateway(port).port, post(body, "/v1/chat/completions", "connection: close")
    )
    assert status(answer) == 200
    assert json.loads(made.bodies[0]) == {
        "model": "demo",
        "max_tokens": 6,
        "messages": [{"role": "system", "content": "x"}],
    }
