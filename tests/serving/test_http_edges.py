"""What a hostile or clumsy client can send, and what it gets."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest

from orchestrator.serving.gateway.http_messages import HttpLimits
from tests.serving.conftest import Gateway
from tests.serving.raw import chat, exchange, get, post, read_all, status

Make = Callable[..., Gateway]
SHORT = HttpLimits(max_head_bytes=1024, max_body_bytes=4096, head_timeout_s=0.3, body_timeout_s=0.3, idle_timeout_s=0.3)


@pytest.mark.parametrize(
    "path",
    [
        "/slots", "/v1/models/", "//v1/models", "/v1/%6dodels", "/v1/../v1/models", "http://x/v1/models", "/V1/models",
        "/v1/chat/completions/../../../metrics", "/internal/route", "/tokenize",
    ],
)  # fmt: skip
def test_a_path_that_is_not_in_the_table_does_not_exist(gateway: Make, path: str) -> None:
    assert status(exchange(gateway().port, get(path, "connection: close"))) == 404


def test_a_query_does_not_change_the_path(gateway: Make) -> None:
    assert status(exchange(gateway().port, get("/v1/models?limit=1", "connection: close"))) == 200


@pytest.mark.parametrize("method", [b"GET", b"PUT", b"DELETE", b"OPTIONS"])
def test_another_method_is_refused_by_name(gateway: Make, method: bytes) -> None:
    request = get("/v1/completions", "connection: close").replace(b"GET", method, 1)
    assert status(exchange(gateway().port, request)) == 405


def test_head_gets_no_body(gateway: Make) -> None:
    answer = exchange(gateway().port, get("/health", "connection: close").replace(b"GET", b"HEAD", 1))
    assert status(answer) == 405
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ncontent-length: 5\r\n\r\nabcd",
        b"POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, identity\r\n\r\n",
        b"POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/completions HTTP/1.1\r\nhost : x\r\n\r\n",
        b"GET /v1/models HTTP/1.1\nhost: x\n\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
        b"GET / HTTP/9.9\r\n\r\n",
    ],
)
def test_what_two_servers_could_read_differently_is_refused(gateway: Make, request_: bytes) -> None:
    assert status(exchange(gateway().port, request_)) == 400


def test_an_upgrade_is_not_taken_up_and_nothing_after_it_is_read(gateway: Make) -> None:
    upgrade = get("/health", "connection: upgrade", "upgrade: websocket")
    answer = exchange(gateway().port, upgrade + get("/v1/models"))
    assert status(answer) == 200
    assert answer.count(b"HTTP/1.1 ") == 1
    assert status(exchange(gateway().port, b"CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n")) == 404


def test_two_requests_in_one_packet_are_answered_in_order(gateway: Make) -> None:
    answer = exchange(gateway().port, get("/health") + get("/nowhere") + get("/v1/models", "connection: close"))
    assert [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]] == [200, 404, 200]


def test_a_connection_is_kept_and_used_again(gateway: Make) -> None:
    with socket.create_connection(("127.0.0.1", gateway().port), timeout=5) as connection:
        for _ in range(3):
            connection.sendall(get("/health"))
            assert status(connection.recv(65536)) == 200


def test_http_1_0_is_answered_and_closed(gateway: Make) -> None:
    answer = exchange(gateway().port, get("/health", version="1.0"))
    assert status(answer) == 200
    assert b"connection: close" in answer


def test_a_client_that_asks_first_is_told_to_go_on(gateway: Make) -> None:
    body = chat(model="other")
    head, _, _ = post(body, "/v1/chat/completions", "expect: 100-continue", "connection: close").partition(body)
    with socket.create_connection(("127.0.0.1", gateway().port), timeout=5) as connection:
        connection.sendall(head)
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert status(read_all(connection)) == 404


def test_a_head_that_is_too_large_is_refused(gateway: Make) -> None:
    port = gateway(http=SHORT).port
    assert status(exchange(port, get("/health", "x-long: " + "a" * 2000))) == 431
    assert status(exchange(port, get("/" + "a" * 2000))) == 431


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(gateway: Make) -> None:
    head = b"POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 5000\r\n\r\n"
    assert status(exchange(gateway(http=SHORT).port, head)) == 413


def test_a_chunked_body_is_counted_as_it_comes(gateway: Make) -> None:
    head = b"POST /v1/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    assert status(exchange(gateway(http=SHORT).port, head, b"1388\r\n" + b"a" * 5000 + b"\r\n0\r\n\r\n")) == 413


@pytest.mark.parametrize(
    "start", [b"", b"GET /heal", b"POST /v1/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nab"]
)
def test_a_client_that_dawdles_is_hung_up_on(gateway: Make, start: bytes) -> None:
    started_s = time.monotonic()
    assert exchange(gateway(http=SHORT).port, start) == b""
    assert time.monotonic() - started_s < 3


def test_garbage_after_a_request_does_not_cost_its_answer(gateway: Make) -> None:
    answer = exchange(gateway().port, get("/health") + b"\x00\x01garbage\r\n\r\n")
    assert status(answer) == 200
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_gateway_that_stops_lets_requests_end(gateway: Make) -> None:
    made = gateway()
    with socket.create_connection(("127.0.0.1", made.port), timeout=5) as idle:
        idle.sendall(get("/health"))
        assert status(idle.recv(65536)) == 200
        made.server.drain(1.0)
        assert idle.recv(65536) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", made.port), timeout=5)
