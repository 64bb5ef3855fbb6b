"""When the gateway says that a model answers."""

from __future__ import annotations

import asyncio
import time

import httpx
import pytest

from orchestrator.serving.gateway import readiness
from tests.serving.conftest import Gateway, Make, Start
from tests.serving.raw import chat
from tests.serving.scripted_engine import HEAD, chunk, dies_at_once, event, good, good_whole, never_answers

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "PROBE_TIMEOUT_S", 0.5)


async def ready(made: Gateway, times: int = 1) -> list[int]:
    async with httpx.AsyncClient() as client:
        answers = await asyncio.gather(*(client.get(f"{made.url}/ready") for _ in range(times)))
    return [answer.status_code for answer in answers]


async def test_many_who_ask_share_one_question(gateway: Make, scripted: Start) -> None:
    engine, port = await scripted(good_whole)
    made = gateway(port)
    assert await ready(made, 20) == [200] * 20
    assert await ready(made) == [200]
    assert len(engine.bodies) == 1


async def test_many_who_ask_share_one_refusal(gateway: Make, scripted: Start) -> None:
    engine, port = await scripted(never_answers)
    started_s = time.monotonic()
    assert await ready(gateway(port), 20) == [503] * 20
    assert len(engine.bodies) == 1
    assert time.monotonic() - started_s < 2
    assert engine.aborted == 1


async def test_who_leaves_does_not_take_the_answer_from_the_others(gateway: Make, scripted: Start) -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1)
        await good_whole(reader, writer)

    _, port = await scripted(slow)
    made = gateway(port)
    first = asyncio.create_task(ready(made))
    await asyncio.sleep(0.03)
    second = asyncio.create_task(ready(made))
    await asyncio.sleep(0.03)
    first.cancel()
    assert await second == [200]


async def test_traffic_that_is_answered_needs_no_question(gateway: Make, scripted: Start) -> None:
    engine, port = await scripted(good)
    made = gateway(port)
    async with httpx.AsyncClient() as client:
        await client.post(f"{made.url}/v1/chat/completions", content=chat())
    assert await ready(made) == [200]
    assert len(engine.bodies) == 1


async def test_without_an_engine_nothing_is_ready_whatever_was_answered_before(gateway: Make, scripted: Start) -> None:
    _, port = await scripted(good_whole)
    made = gateway(port)
    assert await ready(made) == [200]
    made.server.call(made.table.update, [])
    assert await ready(made) == [503]


async def test_an_engine_that_dies_when_asked_is_not_ready(gateway: Make, scripted: Start) -> None:
    _, port = await scripted(dies_at_once)
    assert await ready(gateway(port)) == [503]


async def test_engines_that_are_full_are_ready(gateway: Make, scripted: Start) -> None:
    engine, port = await scripted(never_answers)
    made = gateway(port, max_in_flight=1)
    async with httpx.AsyncClient() as client:
        held = asyncio.create_task(client.post(f"{made.url}/v1/chat/completions", content=chat()))
        while not engine.bodies:
            await asyncio.sleep(0.005)
        assert await ready(made) == [200]
        held.cancel()


@pytest.mark.parametrize(("goes_on", "status"), [(True, 200), (False, 503)])
async def test_an_engine_too_busy_to_be_asked_is_ready_while_its_streams_go_on(
    gateway: Make, scripted: Start, monkeypatch: pytest.MonkeyPatch, goes_on: bool, status: int
) -> None:
    monkeypatch.setattr(readiness, "READY_FOR_S", 0.0)

    async def one_at_a_time(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(engine.bodies) > 1:
            await never_answers(reader, writer)
        writer.write(HEAD + chunk(event("a")))
        await writer.drain()
        while goes_on:
            await asyncio.sleep(0.05)
            writer.write(chunk(event("b")))
            await writer.drain()
        await never_answers(reader, writer)

    engine, port = await scripted(one_at_a_time)
    made = gateway(port)
    async with httpx.AsyncClient() as client:
        request = client.stream("POST", f"{made.url}/v1/chat/completions", content=chat(stream=True))
        async with request as answer:
            lines = answer.aiter_lines()  # kept: one that is let go of ends the stream
            await anext(lines)
            assert await ready(made) == [status]
