"""What a gateway tells who watches the fleet: engines, what is held and the traffic, in one answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from orchestrator.core.fleet import decided_from_data
from orchestrator.core.scaling.told import ScalingTold
from orchestrator.serving.gateway import answer_pace
from orchestrator.serving.gateway.answer_pace import LEAST_TOKENS, NOT_TOKENS, AnswerPace
from orchestrator.serving.gateway.engine_counts import TTFT_BOUNDS_S, Buckets
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
    stream,
)

LOOK, DECISIONS = "/qorch/v1/look", "/qorch/v1/decisions"
ADMIN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}


async def look(gateway: Gateway) -> dict[str, Any]:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{gateway.url}{LOOK}", headers=ADMIN)
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


async def ask(gateway: Gateway, **fields: object) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.post(f"{gateway.url}/v1/chat/completions", content=chat(**fields))).status_code


def failed(told: dict[str, Any]) -> dict[str, int]:
    return {name: each["failed_total"] for name, each in told["traffic"]["engines"].items()}


@pytest.mark.anyio
async def test_it_takes_the_fleets_own_token(gateway: Make) -> None:
    made = gateway()
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{made.url}{LOOK}")).status_code == 401
        wrong = {"Authorization": f"Bearer {ADMIN_TOKEN}x"}
        assert (await client.get(f"{made.url}{LOOK}", headers=wrong)).status_code == 401


@pytest.mark.anyio
async def test_a_gateway_without_engines_tells_that_nothing_is_ready(gateway: Make) -> None:
    told = await look(gateway())
    assert (told["any_ready"], told["replicas"], told["held"]) == (False, [], None)
    assert (told["traffic"]["answered_total"], told["traffic"]["engines"]) == (0, {})


@pytest.mark.anyio
async def test_the_last_decision_is_told_with_each_look_and_the_changes_when_they_are_asked_for(
    gateway: Make, told: ScalingTold
) -> None:
    made = gateway()
    async with httpx.AsyncClient(base_url=made.url, headers=ADMIN) as client:
        assert (await look(made))["decided"] is None
        assert (await client.get(DECISIONS)).json() == {"decisions": []}
        made.scaling = replace(told, decisions=(replace(told.last, at_s=1.0), *told.decisions))
        assert decided_from_data((await look(made))["decided"]) == told.last
        assert (
            tuple(map(decided_from_data, (await client.get(DECISIONS)).json()["decisions"])) == made.scaling.decisions
        )
        assert (await client.get(DECISIONS, headers={"Authorization": "Bearer wrong"})).status_code == 401


@pytest.mark.anyio
async def test_looking_asks_no_engine_anything(gateway: Make, scripted: Start) -> None:
    engine, port = await scripted(good)
    made = gateway(port)
    for _ in range(3):
        assert (await look(made))["any_ready"]
    assert engine.bodies == []


@pytest.mark.anyio
async def test_what_was_answered_and_when_it_began_is_counted_for_all_and_for_the_engine(
    gateway: Make, scripted: Start
) -> None:
    _, port = await scripted(good)
    made = gateway(port)
    assert [await ask(made, stream=True), await ask(made, stream=True), await ask(made)] == [200, 200, 200]
    traffic = (await look(made))["traffic"]
    assert (traffic["answered_total"], traffic["failed_total"], traffic["retries_total"]) == (3, 0, 0)
    assert traffic["ttft"][-1] == ["+Inf", 2]
    assert traffic["engines"]["r0"]["ttft"] == [count for _, count in traffic["ttft"]]


@pytest.mark.anyio
@pytest.mark.parametrize("stream_", [True, False])
async def test_a_request_that_one_engine_lost_counts_against_that_one(
    gateway: Make, scripted: Start, stream_: bool
) -> None:
    (_, first), (_, second) = await scripted(dies_at_once), await scripted(good)
    made = gateway(first, second)
    assert await ask(made, stream=stream_) == 200
    told = await look(made)
    assert failed(told) == {"r0": 1, "r1": 0}
    assert (told["traffic"]["retries_total"], told["traffic"]["failed_total"]) == (1, 0)
    assert [row["ready"] for row in told["replicas"]] == [False, True]
    assert [row["reason"] for row in told["replicas"]] == ["does not answer the gateway", "answers"]


BROKEN: dict[str, Script] = {
    "an error of its own": sends(b"HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n"),
    "an error in its stream": sends(HEAD, chunk(b'data: {"error":{}}\n\n')),
    "an end too early": sends(HEAD, chunk(event("a")), b"0\r\n\r\n"),
    "a hang-up": sends(HEAD, chunk(event("a"))),
}


@pytest.mark.anyio
@pytest.mark.parametrize("how", BROKEN)
async def test_an_answer_that_broke_counts_once_against_its_engine(gateway: Make, scripted: Start, how: str) -> None:
    _, port = await scripted(BROKEN[how])
    made = gateway(port, hold=NO_HOLD)
    await ask(made, stream=True)
    told = await look(made)
    assert failed(told) == {"r0": 1}
    assert told["traffic"]["failed_total"] == 1


@pytest.mark.anyio
async def test_a_request_that_an_engine_cannot_take_is_no_failure_of_it(gateway: Make, scripted: Start) -> None:
    _, port = await scripted(sends(b"HTTP/1.1 400 Bad\r\ncontent-length: 0\r\n\r\n"))
    made = gateway(port)
    assert await ask(made) == 400
    assert failed(await look(made)) == {"r0": 0}


@pytest.mark.anyio
async def test_what_was_counted_of_an_engine_goes_with_it(gateway: Make, scripted: Start) -> None:
    _, port = await scripted(good)
    made = gateway(port)
    await ask(made, stream=True)
    made.table.update([])
    assert (await look(made))["traffic"]["engines"] == {}


@pytest.mark.anyio
@pytest.mark.parametrize("stream_", [True, False])
async def test_the_pace_of_a_long_answer_is_told_and_that_of_a_short_one_is_not(
    gateway: Make, scripted: Start, stream_: bool
) -> None:
    async def long(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + chunk(event("a")))
        await writer.drain()
        while not any(each.last for each in tuple(made.service._relay._streams)):
            await asyncio.sleep(0.005)
        writer.write(chunk(event("b") * 50) + chunk(last_event()) + chunk(DONE) + b"0\r\n\r\n")
        await writer.drain()

    (_, slow), (_, short) = await scripted(long), await scripted(good)
    made, other = gateway(slow), gateway(short)
    assert [await ask(made, stream=stream_), await ask(other, stream=stream_)] == [200, 200]
    assert (await look(made))["traffic"]["tpot"][-1] == ["+Inf", 1]
    assert dict((await look(made))["traffic"]["tpot"])["0.025"] == 1
    assert (await look(other))["traffic"]["tpot"][-1] == ["+Inf", 0]
    assert [name for name, _ in made.service.metrics.tpots.elements()] == [made.table.engines[0].status.deployment]


@pytest.mark.anyio
async def test_an_answer_that_broke_has_no_pace(gateway: Make, scripted: Start) -> None:
    async def broken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await stream(writer, *[event("a")] * 100, b'data: {"error":{}}\n\n')

    _, port = await scripted(broken)
    made = gateway(port)
    await ask(made, stream=True)
    assert (await look(made))["traffic"]["tpot"][-1] == ["+Inf", 0]


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def monotonic(self) -> float:
        return self.now_s


def test_a_token_takes_the_time_from_the_first_to_the_end_over_those_that_came_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr(answer_pace, "time", clock)
    pace = AnswerPace()
    pace.count(b"data: first\n\n")
    for _ in range(20 + NOT_TOKENS):
        clock.now_s += 0.5
        pace.count(b"data: more\n\n")
    assert pace.tpot_s() == pytest.approx(0.5 * (20 + NOT_TOKENS) / 20)
    assert pace.tpot_s(written=45) == pytest.approx(0.5 * (20 + NOT_TOKENS) / 44)  # several came in one event
    assert pace.tpot_s(written=LEAST_TOKENS) is None


@pytest.mark.parametrize("events", [0, 1, LEAST_TOKENS + NOT_TOKENS])
def test_too_few_tokens_have_no_pace(events: int) -> None:
    pace = AnswerPace()
    for _ in range(events):
        pace.count(b"data: one\n\n")
    assert pace.tpot_s() is None


@given(st.lists(st.floats(0, 400) | st.sampled_from(TTFT_BOUNDS_S)))
def test_seconds_are_counted_as_prometheus_counts_them(observed: list[float]) -> None:
    counted = Histogram("a", "", buckets=TTFT_BOUNDS_S, registry=CollectorRegistry())
    ours = Buckets(TTFT_BOUNDS_S)
    for seconds in observed:
        counted.observe(seconds)
        ours.observe(seconds)
    samples = [each.value for each in counted.collect()[0].samples if each.name == "a_bucket"]
    assert ours.cumulative == samples
