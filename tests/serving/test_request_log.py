"""The requests that ended last: enough is told to see what went wrong, and nothing of what they say."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from orchestrator.adapters.gateway_api import GatewayApi
from orchestrator.app.ports import Engine
from orchestrator.core.answered import Answered
from orchestrator.serving.gateway.request_log import KEPT, KEPT_FAILED
from tests.serving.conftest import ADMIN_TOKEN, NO_HOLD, Gateway, Make, Start
from tests.serving.raw import chat
from tests.serving.scripted_engine import (
    DONE,
    HEAD,
    Script,
    chunk,
    dies_at_once,
    event,
    good,
    last_event,
    sends,
)  # fmt: skip

pytestmark = pytest.mark.anyio
SECRET = "Zebra-4711"
USAGE = b'data: {"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":5,"total_tokens":16}}\n\n'


async def told(gateway: Gateway) -> tuple[Answered, ...]:
    """As the dashboard reads it."""
    look = await asyncio.to_thread(GatewayApi(gateway.url, ADMIN_TOKEN).look)
    assert look is not None
    return tuple(sorted((*look.traffic.requests, *look.traffic.failed_requests), key=lambda each: each.at_s))


async def ask(gateway: Gateway, headers: dict[str, str] | None = None, **fields: object) -> httpx.Response:
    async with httpx.AsyncClient(headers=headers) as client:
        return await client.post(f"{gateway.url}/v1/chat/completions", content=chat(**fields))


def answers(*events: bytes) -> Script:
    return sends(HEAD, *map(chunk, (event("a"), event("b"), last_event(), *events, DONE)), b"0\r\n\r\n")


@pytest.mark.parametrize("stream_", [True, False])
async def test_a_request_that_was_answered_is_told_with_its_tokens_and_times(
    gateway: Make, scripted: Start, stream_: bool
) -> None:
    _, port = await scripted(answers(USAGE))
    made = gateway(port)
    await ask(made, {"x-request-id": "mine-1"}, stream=stream_)
    (one,) = await told(made)
    assert (one.request_id, one.replica_id, one.status, one.outcome, one.tries) == ("mine-1", "r0", 200, "ok", 1)
    assert (one.prompt_tokens, one.generation_tokens, one.waited_s) == (11, 5, 0.0)
    assert one.ttft_s is not None
    assert 0 <= one.ttft_s <= one.took_s
    assert one.tpot_s is not None


@pytest.mark.parametrize(
    ("asked", "seen"), [({}, False), ({"include_usage": False}, False), ({"include_usage": True}, True)]
)
async def test_only_a_client_that_asked_for_the_counts_sees_their_event(
    gateway: Make, scripted: Start, asked: dict[str, Any], seen: bool
) -> None:
    engine, port = await scripted(answers(USAGE))
    made = gateway(port)
    answer = await ask(made, stream=True, **({"stream_options": asked} if asked else {}))
    assert (USAGE in answer.content) is seen
    assert answer.content.endswith(last_event() + (USAGE if seen else b"") + DONE)
    assert json.loads(engine.bodies[0])["stream_options"] == {"include_usage": True}
    assert (await told(made))[0].generation_tokens == 5


async def test_counts_that_come_together_with_other_events_are_taken_out_alone(gateway: Make, scripted: Start) -> None:
    _, port = await scripted(sends(HEAD, chunk(event("a") + last_event() + USAGE + DONE), b"0\r\n\r\n"))
    answer = await ask(gateway(port), stream=True)
    assert answer.content == event("a") + last_event() + DONE


ENDS: dict[str, tuple[Script, int, str]] = {
    "an engine's own error": (sends(b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n"), 502, "engine_failed"),
    "a refusal": (sends(b"HTTP/1.1 400 Bad\r\ncontent-length: 0\r\n\r\n"), 400, "refused_by_engine"),
    "an end too early": (sends(HEAD, chunk(event("a")), b"0\r\n\r\n"), 200, "stream_incomplete"),
    "a hang-up": (sends(HEAD, chunk(event("a"))), 200, "engine_died"),
    "no engine": (dies_at_once, 503, "no_engine_ready"),
}


@pytest.mark.parametrize("how", ENDS)
async def test_a_request_that_went_wrong_is_told_with_the_code_of_its_error(
    gateway: Make, scripted: Start, how: str
) -> None:
    script, status, outcome = ENDS[how]
    _, port = await scripted(script)
    made = gateway(port, hold=NO_HOLD)
    await ask(made, stream=True)
    (one,) = await told(made)
    assert (one.status, one.outcome, one.well) == (status, outcome, False)


async def test_a_request_that_a_second_engine_answered_is_told_as_that_ones(gateway: Make, scripted: Start) -> None:
    (_, first), (_, second) = await scripted(dies_at_once), await scripted(good)
    made = gateway(first, second)
    await ask(made)
    (one,) = await told(made)
    assert (one.replica_id, one.tries, one.outcome) == ("r1", 2, "ok")


async def test_a_client_that_left_is_told_as_such(gateway: Make, scripted: Start) -> None:
    async def hangs(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + chunk(event("a")))
        await writer.drain()
        await reader.read()

    _, port = await scripted(hangs)
    made = gateway(port)
    async with (
        httpx.AsyncClient() as client,
        client.stream("POST", f"{made.url}/v1/chat/completions", content=chat(stream=True)) as answer,
    ):
        await anext(answer.aiter_bytes())
    async with asyncio.timeout(20):
        while not (ended := await told(made)):
            await asyncio.sleep(0.01)
    assert (ended[0].status, ended[0].outcome) == (0, "client left")


async def test_a_request_that_was_held_tells_how_long(gateway: Make) -> None:
    made = gateway()
    asked = asyncio.ensure_future(ask(made))
    async with asyncio.timeout(20):
        while not made.service.hold.now().requests:
            await asyncio.sleep(0.01)
    asked.cancel()
    async with asyncio.timeout(20):
        while not (ended := await told(made)):
            await asyncio.sleep(0.01)
    assert ended[0].replica_id == ""
    assert 0 < ended[0].waited_s <= ended[0].took_s


async def test_only_the_last_are_kept_in_the_order_of_their_ends(gateway: Make) -> None:
    made = gateway(hold=NO_HOLD)
    for number in range(KEPT_FAILED + 3):
        await ask(made, {"x-request-id": f"n{number}"})
    assert [each.request_id for each in await told(made)] == [f"n{number}" for number in range(3, KEPT_FAILED + 3)]


async def test_those_that_are_answered_well_do_not_push_out_the_others(gateway: Make, scripted: Start) -> None:
    _, port = await scripted(good)
    made = gateway(port)
    await ask(made, {"x-request-id": "wrong"}, nonsense=1)
    for _ in range(KEPT + 1):
        await ask(made)
    ended = await told(made)
    assert len(ended) == KEPT + 1
    assert ended[0].request_id == "wrong"


async def test_who_has_no_key_leaves_no_trace_that_would_push_out_others(gateway: Make) -> None:
    made = gateway(keys_required=True)
    assert (await ask(made)).status_code == 401
    assert await told(made) == ()


PLACES: dict[str, dict[str, object]] = {
    "a message": {"messages": [{"role": "user", "content": SECRET}]},
    "the user": {"user": SECRET},
    "the model": {"model": SECRET},
    "an unknown field": {SECRET: 1},
    "a stop word": {"stop": [SECRET]},
    "a value of a wrong kind": {"temperature": SECRET},
    "a tool": {"tools": [{"type": "function", "function": {"name": SECRET, "parameters": {}}}]},
}  # where a client can write


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("stream_", [True, False])
async def test_nothing_that_a_client_or_a_model_says_can_be_looked_at(
    gateway: Make, scripted: Start, place: str, stream_: bool
) -> None:
    echoes = sends(HEAD, *map(chunk, (event(SECRET), last_event(SECRET), USAGE, DONE)), b"0\r\n\r\n")
    _, port = await scripted(echoes)
    made = gateway(port)
    headers = {"authorization": f"Bearer {SECRET}", "x-request-id": f"{SECRET} not an id", "user-agent": SECRET}
    await ask(made, headers, stream=stream_, **PLACES[place])
    async with httpx.AsyncClient() as client:
        look = await client.get(f"{made.url}/qorch/v1/look", headers={"authorization": f"Bearer {ADMIN_TOKEN}"})
    assert sum(len(look.json()[name]["at_s"]) for name in ("requests", "failed_requests")) == 1
    assert SECRET.lower() not in look.text.lower()


async def test_a_real_engine_counts_as_its_client_is_told(gateway: Make, llama: Engine) -> None:
    made = gateway(llama.port)
    whole = await ask(made, max_tokens=5)
    await ask(made, max_tokens=5, stream=True)
    usage = whole.json()["usage"]
    for one in await told(made):
        assert (one.prompt_tokens, one.generation_tokens) == (usage["prompt_tokens"], usage["completion_tokens"])
