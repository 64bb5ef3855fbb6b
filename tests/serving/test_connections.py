"""A connection's life: requests in order, time limits, half-closes, crowds and the end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
import random
import socket
import subprocess
import sys
import threading
import time

import pytest

from orchestrator.serving.gateway.client import ClientConnection
from orchestrator.serving.gateway.http_messages import HttpLimits
from tests.serving.conftest import Gateway, Make, Start
from tests.serving.raw import chat, connect, exchange, get, post, read_all, status, statuses, wait_until
from tests.serving.scripted_engine import (
    DONE,
    HEAD,
    ScriptedEngine,
    chunk,
    event,
    good,
    large,
    last_event,
    never_answers,
    stream,
    streams_for_ever,
)

QUICK = HttpLimits(head_timeout_s=0.2, body_timeout_s=0.2, idle_timeout_s=0.2, write_timeout_s=0.4, linger_s=0.2)
LAST = "connection: close"

pytestmark = pytest.mark.anyio


async def gone(made: Gateway) -> None:
    """Wait until no connection is left, whatever was on it."""
    await asyncio.to_thread(wait_until, lambda: not made.server.clients.connections)


async def held(engine: ScriptedEngine) -> None:
    """Wait until a request is at the engine."""
    while not engine.bodies:
        await asyncio.sleep(0.005)


# -- order


def test_requests_in_one_packet_are_answered_in_order(gateway: Make) -> None:
    answer = exchange(gateway().port, get("/health") + get("/nowhere") + get("/v1/models", LAST))
    assert statuses(answer) == [200, 404, 200]


def test_a_request_cut_anywhere_is_one_request(gateway: Make) -> None:
    made = gateway()
    request = post(chat(model="other"), "/v1/chat/completions", LAST)
    for place in range(1, len(request), 7):
        assert statuses(exchange(made.port, request[:place], request[place:])) == [404]


def test_a_connection_is_kept_and_used_again(gateway: Make) -> None:
    request = post(chat(model="other"))
    with connect(gateway(http=HttpLimits(max_body_bytes=len(request))).port) as connection:
        for _ in range(5):
            connection.sendall(request)
            assert status(connection.recv(65536)) == 404


async def test_a_request_behind_a_stream_waits_for_its_end(gateway: Make, scripted: Start) -> None:
    _, port = await scripted(good)
    request = post(chat(stream=True)) + get("/health", LAST)
    answers = await asyncio.to_thread(exchange, gateway(port).port, request)
    assert statuses(answers) == [200, 200]
    assert answers.index(b"[DONE]") < answers.index(b'{"status":"ok"}')


async def test_too_many_requests_ahead_are_refused_after_those_that_fit(gateway: Make, scripted: Start) -> None:
    _, port = await scripted(good)
    made = gateway(port, http=HttpLimits(max_requests_ahead=3))
    answers = await asyncio.to_thread(exchange, made.port, post(chat()) + get("/health") * 9)
    assert statuses(answers) == [200, 200, 200, 200, 429]


def test_garbage_after_a_request_does_not_cost_its_answer(gateway: Make) -> None:
    assert statuses(exchange(gateway().port, get("/health") + b"\x00garbage\r\n\r\n")) == [200, 400]


# -- time


@pytest.mark.parametrize(
    ("start", "answer"),
    [(b"", []), (b"GET /heal", [408]), (post(b"")[:-4] + b"\r\n", [408]), (post(b"abc")[:-1], [408])],
)
def test_a_client_that_dawdles_is_told_so_and_hung_up_on(gateway: Make, start: bytes, answer: list[int]) -> None:
    started_s = time.monotonic()
    assert statuses(exchange(gateway(http=QUICK).port, start)) == answer
    assert time.monotonic() - started_s < 1


def test_a_client_that_sends_a_byte_now_and_then_gets_no_more_time(gateway: Make) -> None:
    started_s = time.monotonic()
    with connect(gateway(http=QUICK).port) as connection, contextlib.suppress(OSError):
        for byte in get("/health", "x: " + "a" * 1000):
            connection.sendall(bytes([byte]))
            time.sleep(0.02)
            assert time.monotonic() - started_s < 1.5


def test_an_idle_connection_is_closed_without_a_word(gateway: Make) -> None:
    started_s = time.monotonic()
    assert statuses(exchange(gateway(http=QUICK).port, get("/health"))) == [200]
    assert time.monotonic() - started_s < 2


def test_a_body_may_take_longer_than_a_head(gateway: Make) -> None:
    request = post(chat(model="other"), "/v1/chat/completions", LAST)
    with connect(gateway(http=HttpLimits(head_timeout_s=0.2)).port) as connection:
        connection.sendall(request[:-1])
        time.sleep(0.4)
        connection.sendall(request[-1:])
        assert statuses(read_all(connection)) == [404]


async def test_a_long_answer_is_not_cut_by_the_limits_of_reading(gateway: Make, scripted: Start) -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.5)
        await good(reader, writer)

    _, port = await scripted(slow)
    answers = await asyncio.to_thread(exchange, gateway(port, http=QUICK).port, post(chat()))
    assert statuses(answers) == [200]


# -- slow readers


def narrow(port: int) -> socket.socket:
    """A client that takes little at a time."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    return client


class Endless:
    """Streams without end, or not before `most` events, and counts what the gateway took of it."""

    def __init__(self, most: float = math.inf) -> None:
        self.sent, self._most = 0, most

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        while self.sent < 50_000 * self._most:
            writer.write(chunk(event("x" * 50_000)))
            await writer.drain()
            self.sent += 50_000
        writer.write(chunk(last_event()) + chunk(DONE) + b"0\r\n\r\n")
        await writer.drain()

    async def is_held_back(self) -> bool:
        """Whether no more is taken after a while, and that not much."""
        before = -1
        while before != self.sent < 64 * 2**20:
            before = self.sent
            await asyncio.sleep(0.1)
        return before == self.sent > 0


async def test_a_client_that_reads_nothing_holds_its_engine_back_and_is_dropped(gateway: Make, scripted: Start) -> None:
    endless = Endless()
    engine, port = await scripted(endless)
    made = gateway(port, http=HttpLimits(write_timeout_s=1))
    with narrow(made.port) as client:
        client.sendall(post(chat(stream=True)))
        await held(engine)
        assert await endless.is_held_back()
        assert made.server.clients.connections
        await gone(made)
    await asyncio.to_thread(wait_until, lambda: engine.aborted == 1)


async def test_the_pace_of_an_answer_that_its_client_was_late_to_read_is_not_the_engines(
    gateway: Make, scripted: Start
) -> None:
    events = Endless(most=400)
    _, port = await scripted(events)
    made = gateway(port)
    with narrow(made.port) as client:
        client.sendall(post(chat(stream=True), "/v1/chat/completions", LAST))
        assert await events.is_held_back()
        assert (await asyncio.to_thread(read_all, client)).count(b"[DONE]") == 1
    assert not made.service.metrics.tpots


async def test_a_stream_behind_a_large_answer_that_is_not_read_is_held_back_too(gateway: Make, scripted: Start) -> None:
    endless = Endless()

    async def large_then_endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(engine.bodies) == 1:
            await large(writer, 8_000_000)
        else:
            await endless(reader, writer)

    engine, port = await scripted(large_then_endless)
    with narrow(gateway(port).port) as client:
        client.sendall(post(chat()) + post(chat(stream=True)))
        while len(engine.bodies) < 2:
            await asyncio.sleep(0.01)
        assert await endless.is_held_back()


async def test_a_request_sent_ahead_does_not_save_a_client_that_reads_nothing(gateway: Make, scripted: Start) -> None:
    engine, port = await scripted(streams_for_ever)
    made = gateway(port, http=HttpLimits(write_timeout_s=0.4))
    with narrow(made.port) as client:
        client.sendall(post(chat(stream=True)))
        await held(engine)
        await asyncio.sleep(0.3)
        client.sendall(get("/health"))
        await gone(made)


async def test_a_large_answer_that_is_not_read_is_dropped_and_so_is_what_would_follow(
    gateway: Make, scripted: Start
) -> None:
    async def much(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await large(writer, 20_000_000)

    engine, port = await scripted(much)
    made = gateway(port, http=HttpLimits(write_timeout_s=0.4))
    for request in (post(chat()), post(chat(), "/v1/chat/completions", LAST), post(chat()) + post(chat(stream=True))):
        with narrow(made.port) as client:
            client.sendall(request)
            await held(engine)
            await gone(made)
            engine.bodies.clear()


@pytest.mark.parametrize("last", [(), (LAST,)])
async def test_the_small_rest_of_an_answer_that_is_not_read_is_not_waited_for_for_ever(
    gateway: Make, scripted: Start, last: tuple[str, ...]
) -> None:
    async def some(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await large(writer, 40_000)  # too little for writing to be paused

    engine, port = await scripted(some)
    made = gateway(port, http=HttpLimits(write_timeout_s=0.3, idle_timeout_s=0.1))
    assert made.server._server is not None
    made.server._server.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with narrow(made.port) as client:
        client.sendall(post(chat(), "/v1/chat/completions", *last))
        await held(engine)
        await gone(made)


async def test_a_connection_whose_large_answer_was_read_is_still_closed_when_idle(
    gateway: Make, scripted: Start
) -> None:
    async def much(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await large(writer, 8_000_000)

    _, port = await scripted(much)
    made = gateway(port, http=HttpLimits(idle_timeout_s=0.3))
    with narrow(made.port) as client:
        client.sendall(post(chat()))
        answer = await asyncio.to_thread(read_all, client)
        assert len(answer) > 8_000_000
        await gone(made)


async def test_others_are_served_while_one_reads_nothing(gateway: Make, scripted: Start) -> None:
    engine, port = await scripted(streams_for_ever)
    made = gateway(port)
    with narrow(made.port) as client:
        client.sendall(post(chat(stream=True)))
        await held(engine)
        await asyncio.sleep(0.2)
        started_s = time.monotonic()
        assert statuses(await asyncio.to_thread(exchange, made.port, get("/v1/models", LAST))) == [200]
        assert time.monotonic() - started_s < 0.2


# -- clients that leave


@pytest.mark.parametrize("fields", [{"stream": True}, {}])
@pytest.mark.parametrize("how", ["close", "reset", "half-close"])
async def test_a_client_that_leaves_frees_its_engine(
    gateway: Make, scripted: Start, fields: dict[str, bool], how: str
) -> None:
    engine, port = await scripted(never_answers)
    made = gateway(port)
    client = connect(made.port)
    client.sendall(post(chat(**fields)))
    await held(engine)
    if how == "half-close":
        client.shutdown(socket.SHUT_WR)
    elif how == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
    else:
        client.close()
    assert await asyncio.to_thread(wait_until, lambda: engine.aborted == 1) < 0.5
    assert not made.server.clients.connections
    assert made.table.engines[0].in_flight == 0
    assert b'code="aborted",route="/v1/chat/completions"} 1.0' in made.service.metrics.text()
    client.close()


@pytest.mark.parametrize("requests", [get("/health"), get("/health") + get("/v1/models"), get("/nowhere")])
def test_a_client_that_half_closes_after_its_request_still_gets_its_answer(gateway: Make, requests: bytes) -> None:
    with connect(gateway().port) as client:
        client.sendall(requests)
        client.shutdown(socket.SHUT_WR)
        assert len(statuses(read_all(client))) == requests.count(b"GET")


@pytest.mark.parametrize("before", [b"", get("/health")])
def test_a_client_that_half_closes_within_a_request_is_told_so(gateway: Make, before: bytes) -> None:
    made = gateway()
    with connect(made.port) as client:
        client.sendall(before + post(b"abc")[:-1])
        client.shutdown(socket.SHUT_WR)
        started_s = time.monotonic()
        assert statuses(read_all(client))[-1] == 400
        assert time.monotonic() - started_s < 1
    wait_until(lambda: not made.server.clients.connections)


async def test_clients_that_come_and_go_at_any_moment_leave_nothing_behind(
    gateway: Make, scripted: Start, caplog: pytest.LogCaptureFixture
) -> None:
    async def talks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(chance.random() * 0.01)
        await stream(writer, *[event(str(number)) for number in range(20)], DONE)

    chance = random.Random(1)
    engine, port = await scripted(talks)
    made = gateway(port)

    async def visit(request: bytes) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", made.port)
        writer.write(request)
        with_answer = asyncio.wait_for(reader.read(), chance.random() * 0.02)
        await asyncio.gather(with_answer, return_exceptions=True)
        writer.transport.abort()

    requests = [post(chat(stream=True)), post(chat()), post(chat())[:-3], get("/ready"), get("/health") * 3, b"\0"]
    for _ in range(10):
        await asyncio.gather(*(visit(request) for request in requests * 5))
    await gone(made)
    await asyncio.to_thread(wait_until, lambda: engine.open == 0)
    assert [entry.in_flight for entry in made.table.engines] == [0]
    assert made.server.clients.pool.free_bytes == HttpLimits().max_bodies_bytes
    assert b"qorch_requests_in_flight 0.0" in made.service.metrics.text()
    gc.collect()  # a timer that is still due, or a task that hangs, would keep its connection
    assert not [one for one in gc.get_objects() if isinstance(one, ClientConnection)]
    assert not caplog.records


# -- crowds


def test_more_connections_than_there_may_be_are_told_to_come_back(gateway: Make) -> None:
    made = gateway(http=HttpLimits(max_connections=2))
    with connect(made.port), connect(made.port):
        wait_until(lambda: len(made.server.clients.connections) == 2)
        answer = exchange(made.port, get("/health"))
        assert statuses(answer) == [503]
        assert b"retry-after" in answer
    wait_until(lambda: not made.server.clients.connections)
    assert statuses(exchange(made.port, get("/health", LAST))) == [200]


def test_a_process_without_file_descriptors_refuses_and_recovers() -> None:
    program = """
import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (120, 120))
import sys
from orchestrator.core.api_keys import KeyRing
from orchestrator.serving.gateway.http_messages import HttpLimits
from tests.serving.conftest import Gateway
print(Gateway([], KeyRing(b""), False, HttpLimits()).port, flush=True)
sys.stdin.read()
"""
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        port = int(owner.stdout.readline())
        crowd = [connect(port) for _ in range(200)]
        time.sleep(0.1)
        assert statuses(exchange(port, get("/health", LAST), timeout_s=1)) in ([503], [])
        for one in crowd:
            one.close()
        time.sleep(0.1)
        assert statuses(exchange(port, get("/health", LAST))) == [200]
        owner.kill()


# -- the end


def test_a_gateway_that_stops_closes_what_is_idle_and_listens_no_more(gateway: Make) -> None:
    made = gateway()
    with connect(made.port) as idle:
        idle.sendall(get("/health"))
        assert status(idle.recv(65536)) == 200
        made.server.drain(1.0)
        assert idle.recv(65536) == b""
    with pytest.raises(ConnectionRefusedError):
        connect(made.port)


async def test_a_gateway_that_stops_lets_requests_end_and_takes_no_other(gateway: Make, scripted: Start) -> None:
    go = asyncio.Event()

    async def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go.wait()
        await good(reader, writer)

    engine, port = await scripted(waits)
    made = gateway(port)
    with connect(made.port) as client:
        client.sendall(post(chat()))
        await held(engine)
        draining = asyncio.create_task(asyncio.to_thread(made.server.drain, 5.0))
        await asyncio.sleep(0.05)
        go.set()
        answer = await asyncio.to_thread(read_all, client)
        assert status(answer) == 200
        assert b"connection: close" in answer
        await draining


async def test_a_gateway_that_stops_in_the_end_frees_engines_and_threads(
    gateway: Make, scripted: Start, caplog: pytest.LogCaptureFixture
) -> None:
    engine, port = await scripted(never_answers)
    made = gateway(port)
    with connect(made.port) as client:
        client.sendall(post(chat(stream=True)))
        await held(engine)
        await asyncio.to_thread(made.server.stop, 0.05)
    await asyncio.to_thread(wait_until, lambda: engine.aborted == 1)
    assert "qorch-gateway" not in [thread.name for thread in threading.enumerate()]
    made.server.stop(0)  # a second time does nothing
    assert not caplog.records


def test_an_address_that_is_taken_is_told_and_nothing_is_left() -> None:
    from orchestrator.serving.gateway.server import GatewayServer

    async def serve(*_: object) -> None: ...

    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = GatewayServer(serve, lambda: None, "127.0.0.1", taken.getsockname()[1], HttpLimits())
        with pytest.raises(OSError, match="in use"):
            server.start()
    assert "qorch-gateway" not in [thread.name for thread in threading.enumerate()]
