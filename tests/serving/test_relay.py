"""Engines that fail in every way, and what the client sees of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import time
from dataclasses import replace

import httpx
import pytest
import uvloop

from orchestrator.serving.gateway import event_pieces, joined_answer
from orchestrator.serving.gateway.engine_exchange import EngineExchange, EngineUnreachable
from tests.serving.conftest import LIMITS, NO_HOLD, Gateway, Make, Start, replica
from tests.serving.raw import chat, exchange, post, status, wait_until
from tests.serving.scripted_engine import (
    DONE,
    HEAD,
    Script,
    ScriptedEngine,
    chunk,
    dies_at_once,
    event,
    good,
    last_event,
    never_answers,
    sends,
    stream,
    whole,
)

pytestmark = pytest.mark.anyio

ENGINE_ERROR = b'data: {"error":{"message":"secret"}}\n\n'
CUT_BODY = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"


async def events(gateway: Gateway) -> list[str]:
    body = chat(stream=True)
    async with (
        httpx.AsyncClient() as client,
        client.stream("POST", f"{gateway.url}/v1/chat/completions", content=body) as answer,
    ):
        assert answer.status_code == 200
        return [line[6:] async for line in answer.aiter_lines() if line]


async def ask(gateway: Gateway, **fields: object) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(f"{gateway.url}/v1/chat/completions", content=chat(**fields))


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def unused_port() -> int:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port: int = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    return port


async def test_a_stream_arrives_as_it_was_sent(gateway: Make, scripted: Start) -> None:
    _, port = await scripted(good)
    seen = await events(gateway(port))
    assert [json.loads(data)["choices"][0]["text"] for data in seen[:-1]] == ["a", "b"]
    assert seen[-1] == "[DONE]"


async def test_a_stream_to_an_http_1_0_client_has_no_chunks(gateway: Make, scripted: Start) -> None:
    _, port = await scripted(good)
    request = post(chat(stream=True)).replace(b"HTTP/1.1", b"HTTP/1.0")
    answer = await asyncio.to_thread(exchange, gateway(port).port, request)
    assert answer.partition(b"\r\n\r\n")[2] == event("a") + last_event("b") + DONE


# -- before the first byte


@pytest.mark.parametrize(
    ("bad", "fields"),
    [
        (dies_at_once, {}),
        (dies_at_once, {"stream": True}),
        (sends(b"HTTP/1.1 20"), {}),
        (sends(b"hello, who is there?\r\n\r\n"), {}),
        (sends(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"), {}),
        (sends(HEAD), {"stream": True}),
        (sends(HEAD, chunk(b"data: {")), {"stream": True}),
        (sends(HEAD, b"zzz"), {"stream": True}),
        (sends(HEAD, b"0\r\n\r\n"), {"stream": True}),
        (sends(HEAD, b"5\r\nabc"), {}),
        (sends(HEAD, b"0\r\n\r\n"), {}),
        (sends(HEAD, chunk(event("a")), chunk(DONE), b"0\r\n\r\n"), {}),
        (sends(HEAD, chunk(last_event("a")), b"0\r\n\r\n"), {}),
        (sends(HEAD, chunk(b"data: secret\n\n" + DONE), b"0\r\n\r\n"), {}),
        (sends(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret"), {}),
        (sends(CUT_BODY), {}),
    ],
)
async def test_a_request_that_nobody_answered_is_sent_once_elsewhere(
    gateway: Make, scripted: Start, bad: Script, fields: dict[str, bool]
) -> None:
    first, second = await scripted(bad), await scripted(good)
    made = gateway(first[1], second[1])
    answer = await ask(made, **fields)
    assert answer.status_code == 200
    assert answer.headers["x-qorch-replica"] == "r1"
    assert len(first[0].bodies) == len(second[0].bodies) == 1
    assert first[0].bodies == second[0].bodies
    assert b"qorch_retries_total 1.0" in made.service.metrics.text()


async def test_it_is_sent_no_third_time(gateway: Make, scripted: Start) -> None:
    engines = [await scripted(dies_at_once) for _ in range(3)]
    assert told(await ask(gateway(*(port for _, port in engines)))) == (502, "engine_died")
    assert sum(len(made.bodies) for made, _ in engines) == 2


async def test_engines_that_took_no_work_are_not_said_to_have_died(gateway: Make) -> None:
    made = gateway(await unused_port(), await unused_port(), hold=NO_HOLD)
    answer = await ask(made)
    assert told(answer) == (503, "no_engine_ready")
    assert answer.headers["retry-after"] == "6"


async def test_an_engine_that_refused_is_left_out_until_it_is_seen_again(gateway: Make, scripted: Start) -> None:
    first, second = await scripted(dies_at_once), await scripted(good)
    made = gateway(first[1], second[1])
    assert [(await ask(made)).status_code for _ in range(4)] == [200] * 4
    assert len(first[0].bodies) == 1
    made.server.call(made.table.update, [entry.status for entry in made.table.engines])
    assert [(await ask(made)).status_code for _ in range(4)] == [200] * 4
    assert len(first[0].bodies) == 2


def test_an_engine_that_takes_no_connection_is_given_up_after_a_second() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, contextlib.ExitStack() as crowd:
        for _ in range(4):  # the kernel takes one or two of these, and lets the others wait
            crowd.enter_context(waiting := socket.socket()).setblocking(False)
            waiting.connect_ex(full.getsockname())
        started_s = time.monotonic()
        with pytest.raises(EngineUnreachable):
            uvloop.run(EngineExchange.open("127.0.0.1", full.getsockname()[1], "/", b""))
        assert 0.9 < time.monotonic() - started_s < 1.5


def test_a_connection_given_up_at_any_moment_is_closed() -> None:
    async def give_up(port: int, after_steps: int) -> None:
        opening = asyncio.create_task(EngineExchange.open("127.0.0.1", port, "/", b"{}"))
        for _ in range(after_steps):
            await asyncio.sleep(0)
        opening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            (await opening).close()

    async def run() -> None:
        engine = ScriptedEngine(never_answers)
        async with engine.running() as port:
            for number in range(100):
                await give_up(port, number % 10)
            while engine.open:
                await asyncio.sleep(0.005)
            assert engine.aborted

    uvloop.run(asyncio.wait_for(run(), 5))


# -- after the first byte


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (sends(HEAD, chunk(event("a"))), "engine_died"),
        (sends(HEAD, chunk(event("a")) + chunk(event("b")[:12])), "engine_died"),
        (sends(HEAD, chunk(event("a")) + chunk(event("b"))[:9]), "engine_died"),
        (sends(HEAD, chunk(event("a")) + b"garbage"), "engine_died"),
        (sends(HEAD, chunk(event("a")) + b"0\r\n\r\n"), "stream_incomplete"),
        (sends(HEAD, chunk(event("a")) + chunk(b"data: [DONE]") + b"0\r\n\r\n"), "stream_incomplete"),
        (sends(HEAD, chunk(event("a")), chunk(ENGINE_ERROR), chunk(event("b")) + b"0\r\n\r\n"), "engine_failed"),
        (sends(HEAD, chunk(event("a") + ENGINE_ERROR[:30]), chunk(ENGINE_ERROR[30:])), "engine_failed"),
    ],
)
async def test_a_stream_cut_short_ends_with_one_typed_error(
    gateway: Make, scripted: Start, bad: Script, code: str
) -> None:
    (_, port), (other, other_port) = await scripted(bad), await scripted(good)
    made = gateway(port, other_port)
    seen = await events(made)
    assert json.loads(seen[0])["choices"][0]["text"] == "a"
    error = json.loads(seen[1])["error"]
    assert (error["code"], set(error)) == (code, {"message", "type", "param", "code", "request_id"})
    assert seen[2:] == ["[DONE]"]
    assert "secret" not in str(seen)
    assert other.bodies == []
    assert b"qorch_broken_streams_total 1.0" in made.service.metrics.text()


async def test_an_error_where_a_stream_should_begin_is_an_error_status(gateway: Make, scripted: Start) -> None:
    engine, port = await scripted(sends(HEAD, chunk(ENGINE_ERROR) + b"0\r\n\r\n"))
    answer = await ask(gateway(port, port), stream=True)
    assert told(answer) == (502, "engine_failed")
    assert "secret" not in answer.text
    assert len(engine.bodies) == 1


async def test_what_a_model_says_is_never_taken_for_an_engines_error(gateway: Make, scripted: Start) -> None:
    said = json.dumps({"choices": [{"text": 'data: {"error": 1}\n\n'}]}).encode()

    async def says(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stream(writer, b"data: " + said + b"\n\n", DONE)

    _, port = await scripted(says)
    assert await events(gateway(port)) == [said.decode(), "[DONE]"]


# -- answers that are none


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (("400 No", b'{"error":{"type":"exceed_context_size_error"}}secret'), (400, "context_length_exceeded")),
        (("400 Bad Request", b'{"error":{"message":"secret"}}'), (400, "refused_by_engine")),
        (("404 Not Found", b"secret"), (400, "refused_by_engine")),
        (("500 Oops", b"secret"), (502, "engine_failed")),
        (("302 Found", b"secret"), (502, "engine_failed")),
    ],
)  # fmt: skip
async def test_an_engines_error_is_told_without_its_words(
    gateway: Make, scripted: Start, answer: tuple[str, bytes], expected: tuple[int, str]
) -> None:
    async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await whole(writer, answer[1], answer[0])

    engine, port = await scripted(refuses)
    made = gateway(port)
    got = await ask(made)
    assert told(got) == expected
    assert "secret" not in got.text
    assert len(engine.bodies) == 1
    assert made.table.engines[0].reachable


async def test_an_answer_without_an_end_is_given_up(
    gateway: Make, scripted: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joined_answer, "MOST_ANSWER_BYTES", 100_000)
    monkeypatch.setattr(event_pieces, "MOST_EVENT_BYTES", 100_000)

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        while True:
            writer.write(chunk(b"x" * 50_000))
            await writer.drain()

    engine, port = await scripted(endless)
    made = gateway()
    for fields in ({}, {"stream": True}):
        made.server.call(made.table.update, [replica("r0", port), replica("r1", port)])
        assert told(await ask(made, **fields)) == (502, "engine_died")
    await asyncio.to_thread(wait_until, lambda: engine.aborted == 4)


# -- who gets a request


async def test_without_an_engine_the_client_is_told_when_to_come_back(gateway: Make) -> None:
    answer = await ask(gateway(hold=NO_HOLD))
    assert told(answer) == (503, "no_engine_ready")
    assert answer.headers["retry-after"] == "6"


async def test_engines_that_are_full_are_said_to_be(gateway: Make, scripted: Start) -> None:
    held, port = await scripted(never_answers)
    made = gateway(port, max_in_flight=1)
    waiting = asyncio.create_task(ask(made))
    await asyncio.to_thread(wait_until, lambda: bool(held.bodies))
    answer = await ask(made)
    assert told(answer) == (429, "saturated")
    assert answer.headers["retry-after"] == "1"
    waiting.cancel()


async def test_requests_go_to_the_engine_with_the_fewest(gateway: Make, scripted: Start) -> None:
    first, second = await scripted(never_answers), await scripted(never_answers)
    made = gateway(first[1], second[1])
    waiting = [asyncio.create_task(ask(made)) for _ in range(6)]
    await asyncio.to_thread(wait_until, lambda: len(first[0].bodies) + len(second[0].bodies) == 6)
    assert len(first[0].bodies) == len(second[0].bodies) == 3
    for each in waiting:
        each.cancel()


async def test_an_engine_that_was_not_seen_for_a_moment_keeps_its_count(gateway: Make, scripted: Start) -> None:
    held, port = await scripted(never_answers)
    made = gateway(port)
    waiting = asyncio.create_task(ask(made))
    await asyncio.to_thread(wait_until, lambda: bool(held.bodies))
    made.server.call(made.table.update, [])
    made.server.call(made.table.update, [replica("r0", port)])
    await asyncio.to_thread(wait_until, lambda: bool(made.table.engines))
    assert made.table.engines[0].in_flight == 1
    waiting.cancel()
    await asyncio.to_thread(wait_until, lambda: made.table.engines[0].in_flight == 0)


async def test_an_engine_that_is_gone_for_good_still_ends_its_requests(gateway: Make, scripted: Start) -> None:
    go = asyncio.Event()

    async def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go.wait()
        await good(reader, writer)

    held, port = await scripted(waits)
    made = gateway(port)
    waiting = asyncio.create_task(ask(made))
    await asyncio.to_thread(wait_until, lambda: bool(held.bodies))
    made.server.call(made.table.update, [])
    go.set()
    assert (await waiting).status_code == 200


# -- what the engine is sent, and what is told of it


async def test_the_engine_reads_what_was_checked_and_nothing_else(gateway: Make, scripted: Start) -> None:
    made, port = await scripted(good)
    body = b'{"model":"demo","max_tokens":5,"max_tokens":6,"messages":[{"role":"developer","content":"x"}]}'
    answer = await asyncio.to_thread(
        exchange, gateway(port).port, post(body, "/v1/chat/completions", "connection: close")
    )
    assert status(answer) == 200
    assert json.loads(made.bodies[0]) == {
        "model": "demo",
        "max_tokens": 6,
        "messages": [{"role": "system", "content": "x"}],
        "stream": True,
        "stream_options": {"include_usage": True},
    }


@pytest.mark.parametrize(("sent", "kept"), [("my-id_1", True), ("a b", False), ("x" * 65, False), ("\xe9", False)])
async def test_a_clients_request_id_is_kept_when_it_is_harmless(
    gateway: Make, scripted: Start, sent: str, kept: bool
) -> None:
    _, port = await scripted(good)
    request = post(chat(), "/v1/chat/completions", "connection: close", "x-request-id: MARK")
    answer = await asyncio.to_thread(exchange, gateway(port).port, request.replace(b"MARK", sent.encode("latin-1")))
    assert (f"x-request-id: {sent}".encode("latin-1") in answer) == kept
    assert answer.count(b"x-request-id: ") == 1


async def test_prompts_and_answers_are_never_logged(
    gateway: Make, scripted: Start, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("DEBUG")
    engines = [await scripted(script) for script in (good, dies_at_once, sends(HEAD, chunk(event("canary"))))]
    made = gateway(*(port for _, port in engines))
    for fields in ({}, {"stream": True}, {"canary": 1}, {"temperature": "canary"}):
        await ask(made, messages=[{"role": "user", "content": "canary"}], **fields)

    async def fails(call: object) -> None:
        raise RuntimeError("canary")

    monkeypatch.setattr(made.service._relay, "whole", fails)
    answer = await ask(made, messages=[{"role": "user", "content": "canary"}])
    assert answer.json()["error"]["message"] == "the gateway failed"
    logged = [record for record in caplog.records if record.name.startswith(("orchestrator", "asyncio"))]
    assert len(logged) == 1
    assert "RuntimeError" in logged[0].getMessage()
    assert "service.py" in logged[0].getMessage()
    assert "canary" not in caplog.text.replace('raise RuntimeError("canary")', "")


async def test_adapters_are_listed_below_the_model_and_where_their_files_are_is_not_told(gateway: Make) -> None:
    made = gateway(limits=replace(LIMITS, loras=("mine",)))
    async with httpx.AsyncClient() as client:
        cards = (await client.get(f"{made.url}/v1/models")).json()["data"]
    assert [(card["id"], card["root"], card["parent"]) for card in cards] == [
        ("demo", "demo", None),
        ("mine", "demo", "demo"),
    ]
    assert {card["max_model_len"] for card in cards} == {4096}
