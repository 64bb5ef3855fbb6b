"""Requests that wait for an engine: who gets it, who is turned away, and what is told of them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from orchestrator.core import hold as rules
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.hold import HoldLimits
from orchestrator.serving.engines import make_engine
from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.engine_table import Engine, EngineTable
from orchestrator.serving.gateway.hold import Hold
from orchestrator.serving.gateway.hold_metrics import HoldCounts
from tests.serving.conftest import ADMIN_TOKEN, DEMO, HOLD, LIMITS, Gateway, Make, Start, replica
from tests.serving.raw import chat, connect, post, read_all, statuses, wait_until
from tests.serving.scripted_engine import dies_at_once, good, whole
from tests.serving.test_relay import ask, events, told, unused_port

TELL = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
NOW_S = time.monotonic()


@pytest.fixture
def short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests are held for a third of a second."""
    monkeypatch.setattr(rules, "LEAST_WAIT_S", 0.3)
    monkeypatch.setattr(rules, "SLACK", 0.0)


def see(made: Gateway, *ports: int, max_in_flight: int = 64) -> None:
    """From now on the gateway knows the engines of these ports."""
    seen = [replica(f"r{number}", port, max_in_flight) for number, port in enumerate(ports)]
    made.server.call(made.table.update, seen)


async def held(made: Gateway, requests: int) -> None:
    """Until so many are held."""
    await asyncio.to_thread(wait_until, lambda: made.service.hold.now().requests == requests)


async def ask_in_turn(made: Gateway, count: int, **fields: Any) -> list[asyncio.Task[httpx.Response]]:
    """Requests that are held one after the other, each known by its `max_tokens`."""
    before, asked = made.service.hold.now().requests, []
    for number in range(1, count + 1):
        asked.append(asyncio.create_task(ask(made, max_tokens=before + number, **fields)))
        await held(made, before + number)
    return asked


def order(bodies: Sequence[bytes]) -> list[int]:
    return [json.loads(body)["max_tokens"] for body in bodies]


async def page(made: Gateway, path: str) -> httpx.Response:
    async with httpx.AsyncClient(headers=TELL) as client:
        return await client.get(f"{made.url}{path}")


# -- who gets an engine


@pytest.mark.anyio
async def test_a_request_waits_for_an_engine_and_is_answered_the_moment_there_is_one(
    gateway: Make, scripted: Start
) -> None:
    _, port = await scripted(good)
    made = gateway()
    whole_one, streamed = asyncio.create_task(ask(made)), asyncio.create_task(events(made))
    await held(made, 2)
    see(made, port)
    seen_s = time.monotonic()
    assert (await whole_one).status_code == 200
    assert (await streamed)[-1] == "[DONE]"
    assert time.monotonic() - seen_s < 0.5
    assert made.service.hold.now().requests == 0


@pytest.mark.anyio
async def test_those_that_wait_come_in_their_order_and_none_is_refused_for_want_of_room(
    gateway: Make, scripted: Start
) -> None:
    engine, port = await scripted(good)
    made = gateway()
    asked = await ask_in_turn(made, 6)
    see(made, port, max_in_flight=1)
    assert [(await each).status_code for each in asked] == [200] * 6
    assert order(engine.bodies) == [1, 2, 3, 4, 5, 6]


@pytest.mark.anyio
async def test_who_comes_later_waits_behind_those_that_are_held(gateway: Make, scripted: Start) -> None:
    go = asyncio.Event()

    async def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go.wait()
        await good(reader, writer)

    engine, port = await scripted(waits)
    made = gateway()
    asked = await ask_in_turn(made, 3)
    see(made, port, max_in_flight=1)
    await held(made, 2)
    later = asyncio.create_task(ask(made, max_tokens=4))
    await held(made, 3)
    go.set()
    assert [(await each).status_code for each in (*asked, later)] == [200] * 4
    assert order(engine.bodies) == [1, 2, 3, 4]


@pytest.mark.anyio
async def test_one_that_waits_for_a_variant_that_is_away_is_in_nobodys_way(gateway: Make, scripted: Start) -> None:
    _, port = await scripted(good)
    long = replace(DEMO, name="long", max_model_len=8192)
    made = gateway(limits=replace(LIMITS, variants=(DEMO, long)))
    stays = asyncio.create_task(ask(made, max_tokens=5000))
    await held(made, 1)
    goes = asyncio.create_task(ask(made))
    await held(made, 2)
    see(made, port)
    assert (await goes).status_code == 200
    assert (await ask(made)).status_code == 200
    assert made.service.hold.now().requests == 1
    made.server.call(made.table.update, [replace(replica("r1", port), deployment="long")])
    assert (await stays).headers["x-qorch-replica"] == "r1"


@pytest.mark.anyio
async def test_a_prompt_that_must_be_counted_waits_for_who_counts_and_is_then_held_to_the_context(
    gateway: Make, scripted: Start
) -> None:
    async def counts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if b'"stream"' in engine.bodies[-1]:
            return await good(reader, writer)
        text = json.loads(engine.bodies[-1]).get("content", "") or "x" * 6000
        await whole(writer, json.dumps({"prompt": text, "tokens": [0] * (len(text) // 2)}).encode())

    engine, port = await scripted(counts)
    made = gateway()
    fits = asyncio.create_task(ask(made, messages=[{"role": "user", "content": "x" * 6000}]))
    over = asyncio.create_task(ask(made, messages=[{"role": "user", "content": "x" * 6000}], max_tokens=1097))
    await held(made, 2)
    see(made, port, max_in_flight=1)
    assert (await fits).status_code == 200
    assert told(await over) == (400, "context_length_exceeded")


# -- engines that are lost


@pytest.mark.anyio
async def test_a_request_that_its_only_engine_lost_waits_for_the_next(gateway: Make, scripted: Start) -> None:
    first, second = await scripted(dies_at_once), await scripted(good)
    made = gateway(first[1])
    asked = [asyncio.create_task(ask(made, **fields)) for fields in ({}, {"stream": True})]
    await held(made, 2)
    see(made, second[1])
    assert [(await each).status_code for each in asked] == [200, 200]
    assert len(first[0].bodies) == len(second[0].bodies) == 2
    assert b"qorch_retries_total 2.0" in made.service.metrics.text()


@pytest.mark.anyio
async def test_a_request_that_was_lost_comes_before_those_that_came_later(gateway: Make, scripted: Start) -> None:
    die = asyncio.Event()

    async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await die.wait()
        writer.transport.abort()

    (lost, lost_port), (engine, port) = await scripted(dies), await scripted(good)
    made = gateway(lost_port)
    first = asyncio.create_task(ask(made, max_tokens=9))
    await asyncio.to_thread(wait_until, lambda: bool(lost.bodies))
    see(made)
    later = await ask_in_turn(made, 2)
    die.set()
    await held(made, 3)
    see(made, port, max_in_flight=1)
    assert [(await each).status_code for each in (first, *later)] == [200] * 3
    assert order(engine.bodies) == [9, 1, 2]


@pytest.mark.anyio
async def test_the_time_that_a_lost_engine_worked_is_no_time_of_waiting(
    gateway: Make, scripted: Start, short_wait: None
) -> None:
    async def dies_late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.5)
        writer.transport.abort()

    first, second = await scripted(dies_late), await scripted(good)
    made = gateway(first[1])
    asked = asyncio.create_task(ask(made))
    await held(made, 1)
    see(made, second[1])
    assert (await asked).status_code == 200


@pytest.mark.anyio
async def test_a_request_that_two_engines_lost_is_given_up(gateway: Make, scripted: Start) -> None:
    engine, port = await scripted(dies_at_once)
    made = gateway(port)
    asked = asyncio.create_task(ask(made))
    await held(made, 1)
    see(made, port)
    assert told(await asked) == (502, "engine_died")
    assert len(engine.bodies) == 2


@pytest.mark.anyio
async def test_engines_that_cannot_be_reached_cost_no_try_and_no_place(gateway: Make, scripted: Start) -> None:
    engine, port = await scripted(good)
    made, away = gateway(), await unused_port()
    asked = await ask_in_turn(made, 2)
    for _ in range(5):
        see(made, away)
        await held(made, 2)
    made.server.call(made.table.update, [replica("another", port, max_in_flight=1)])
    assert [(await each).status_code for each in asked] == [200, 200]
    assert order(engine.bodies) == [1, 2]


@pytest.mark.anyio
async def test_no_request_fails_while_a_killed_engine_is_replaced(
    gateway: Make, spec: EngineSpec, tmp_path: Path
) -> None:
    engines = [make_engine(replace(spec, log_dir=str(tmp_path)), tmp_path / f"{number}.log") for number in range(2)]
    await engines[0].start()
    made = gateway(engines[0].port)
    asked = [asyncio.create_task(ask(made, max_tokens=400, temperature=0)) for _ in range(8)]
    await asyncio.to_thread(wait_until, lambda: made.table.engines[0].in_flight == 8)
    os.kill(engines[0].pid, signal.SIGKILL)
    await held(made, 8)
    await engines[1].start()
    see(made, engines[1].port)
    assert [(await each).status_code for each in asked] == [200] * 8
    for each in engines:
        await each.stop()


# -- who is turned away


@pytest.mark.anyio
async def test_a_request_is_held_so_long_and_then_told_to_come_back(gateway: Make, short_wait: None) -> None:
    made = gateway()
    started_s = time.monotonic()
    answer = await ask(made)
    assert 0.25 < time.monotonic() - started_s < 1
    assert (told(answer), answer.headers["retry-after"]) == ((503, "no_engine_ready"), "6")
    assert "while the request was held" in answer.json()["error"]["message"]
    assert made.service.hold.now().requests == 0


@pytest.mark.anyio
async def test_engines_that_never_take_a_request_do_not_keep_it_for_ever(
    gateway: Make, scripted: Start, short_wait: None
) -> None:
    async def loads(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        see(made, *ports)  # so that the other one can be asked again
        await asyncio.sleep(0.02)
        await whole(writer, b"", "503 Loading")

    ports = [port for _, port in [await scripted(loads), await scripted(loads)]]
    made = gateway(*ports)
    assert told(await asyncio.wait_for(ask(made), 2)) == (503, "no_engine_ready")


@pytest.mark.parametrize(
    ("limits", "of"), [(HoldLimits(1, 2**20), "requests that it"), (HoldLimits(9, 100), "bytes that it")]
)
@pytest.mark.anyio
async def test_what_is_too_much_to_hold_is_refused_at_once(gateway: Make, limits: HoldLimits, of: str) -> None:
    made = gateway(hold=limits)
    first = asyncio.create_task(ask(made))
    await held(made, 1)
    answer = await ask(made)
    assert told(answer) == (503, "no_engine_ready")
    assert of in answer.json()["error"]["message"]
    assert int(answer.headers["retry-after"]) in (5, 6)
    assert made.service.hold.now().requests == 1
    first.cancel()


@pytest.mark.anyio
async def test_a_bad_request_is_refused_at_once_also_while_nothing_is_ready(gateway: Make) -> None:
    made = gateway()
    assert (await ask(made, nonsense=1)).status_code == 400
    assert told(await ask(made, max_tokens=5000)) == (400, "context_length_exceeded")
    assert told(await ask(made, model="other")) == (404, "model_not_found")
    assert made.service.hold.stats()["arrived_requests_total"] == 0


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.anyio
async def test_a_client_that_leaves_leaves_the_hold(gateway: Make, scripted: Start, half: bool) -> None:
    engine, port = await scripted(good)
    made = gateway()
    with connect(made.port) as client:
        client.sendall(post(chat()))
        await held(made, 1)
        client.shutdown(1) if half else client.close()
        await held(made, 0)
    see(made, port)
    assert (await ask(made)).status_code == 200
    assert len(engine.bodies) == 1
    assert made.table.engines[0].in_flight == 0


@pytest.mark.anyio
async def test_a_gateway_that_stops_tells_those_that_wait_and_holds_no_other(gateway: Make) -> None:
    made = gateway()
    with connect(made.port) as client, connect(made.port) as late:
        client.sendall(post(chat()))
        await held(made, 1)
        late.sendall(post(chat())[:-1])
        await asyncio.sleep(0.05)
        draining = asyncio.create_task(asyncio.to_thread(made.server.drain, 5.0))
        await asyncio.sleep(0.05)
        late.sendall(post(chat())[-1:])
        for each in (client, late):
            answer = await asyncio.to_thread(read_all, each)
            assert statuses(answer) == [503]
            assert b"retry-after: 6" in answer
        await asyncio.wait_for(draining, 1)


@pytest.mark.anyio
async def test_the_gateway_is_not_ready_while_it_holds(gateway: Make) -> None:
    made = gateway()
    asked = asyncio.create_task(ask(made))
    await held(made, 1)
    started_s = time.monotonic()
    assert (await page(made, "/ready")).status_code == 503
    assert time.monotonic() - started_s < 1
    asked.cancel()


# -- what is told


@pytest.mark.anyio
async def test_the_page_of_metrics_counts_what_is_held(gateway: Make, scripted: Start) -> None:
    _, port = await scripted(good)
    made = gateway(hold=HoldLimits(1, 2**20))
    asked = asyncio.create_task(ask(made))
    await held(made, 1)
    assert (await ask(made)).status_code == 503
    lines = (await page(made, "/metrics")).text.splitlines()
    assert "qorch_held_requests 1.0" in lines
    assert 'qorch_hold_refused_total{reason="requests"} 1.0' in lines
    (oldest,) = (line for line in lines if line.startswith("qorch_held_oldest_seconds"))
    assert 0 < float(oldest.split()[1]) < 5
    see(made, port)
    await asked
    lines = (await page(made, "/metrics")).text.splitlines()
    assert {"qorch_held_requests 0.0", "qorch_held_total 1.0", "qorch_hold_seconds_count 1.0"} <= set(lines)


@pytest.mark.anyio
async def test_the_fleets_own_tools_are_told_how_many_since_when_and_what_to_expect(gateway: Make) -> None:
    made = gateway()
    assert (await page(made, "/qorch/v1/look")).json()["held"] is None
    asked = await ask_in_turn(made, 2)
    told_ = (await page(made, "/qorch/v1/look")).json()["held"]
    assert (told_["requests"], told_["engines_full"]) == (2, False)
    assert told_["prompt_tokens"] >= 2 * len(chat())
    assert 0 <= time.time() - told_["oldest_since_s"] < 2
    assert 4 < told_["expected_wait_s"] < 6
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{made.url}/qorch/v1/look")).status_code == 401
    for each in asked:
        each.cancel()


@pytest.mark.anyio
async def test_an_autoscaler_is_told_in_floats_what_came_and_what_waits(gateway: Make, scripted: Start) -> None:
    _, port = await scripted(good)
    made = gateway()
    assert set(made.service.hold.stats().values()) == {0.0}
    asked = await ask_in_turn(made, 2)
    stats = made.service.hold.stats()
    assert all(type(value) is float for value in stats.values())
    assert (stats["held_requests"], stats["arrived_requests_total"]) == (2.0, 2.0)
    assert stats["held_prompt_tokens"] == stats["arrived_prompt_tokens_total"] >= 2 * len(chat())
    assert 0 < stats["held_oldest_s"] < 5
    see(made, port)
    for each in asked:
        await each
    stats = made.service.hold.stats()
    assert (stats["held_requests"], stats["held_oldest_s"], stats["arrived_requests_total"]) == (0.0, 0.0, 2.0)


# -- any course of events

STEPS = ("arrive", "seen", "gone", "finish", "leave", "leave as one is seen")
VARIANTS = (frozenset("a"), frozenset("b"), frozenset("ab"))
REPLICAS = [replace(replica(name, 1, max_in_flight=2), deployment=name) for name in "ab"]


class Course:
    """A hold over two variants, and those who came to it."""

    def __init__(self) -> None:
        self.table = EngineTable()
        self.hold = Hold(self.table, HOLD, lambda able: 60.0, HoldCounts(CollectorRegistry()))
        self.waiting: dict[asyncio.Task[Engine], frozenset[str]] = {}  # in the order of their arrival
        self.taken: list[Engine] = []

    async def step(self, step: str, which: int) -> None:
        if step == "arrive":
            able = VARIANTS[which % 3]
            self.waiting[asyncio.ensure_future(self.hold.engine(able, self.hold.ticket(1, 1), NOW_S, which))] = able
        elif step == "finish" and self.taken:
            self.table.give_back(self.taken.pop(which % len(self.taken)))
        elif step.startswith("leave") and self.waiting:
            list(self.waiting)[which % len(self.waiting)].cancel()
        if step == "gone" or step.endswith("seen"):
            self.table.update([] if step == "gone" else REPLICAS[: 1 + which % 2])
        await self.settled()

    async def settled(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        overtaken: set[frozenset[str]] = set()
        for task, able in list(self.waiting.items()):
            if not task.done():
                overtaken.add(able)
                continue
            del self.waiting[task]
            if not task.cancelled() and not isinstance(task.exception(), ApiError):
                assert able not in overtaken
                self.taken.append(task.result())

    def check(self) -> None:
        assert all(engine.in_flight <= 2 for engine in self.table.engines)
        for able in self.waiting.values():
            assert self.table.take(able, 0) is None
        assert sum(engine.in_flight for engine in {id(each): each for each in self.taken}.values()) == len(self.taken)

    async def end(self) -> None:
        for task in self.waiting:
            task.cancel()
        await self.settled()
        self.check()
        assert self.hold.now().requests == 0


@given(st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 9)), max_size=60))
def test_engines_have_no_more_than_their_room_none_is_overtaken_and_no_place_is_lost(
    steps: list[tuple[str, int]],
) -> None:
    async def run() -> None:
        course = Course()
        for step, which in steps:
            await course.step(step, which)
            course.check()
        await course.end()

    asyncio.run(run())
