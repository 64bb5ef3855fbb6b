"""Where one request ends and the next begins, and which route it takes: what a hostile client can send."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from orchestrator.serving.gateway.http_messages import HttpLimits
from tests.serving.conftest import Make, Start
from tests.serving.raw import chat, connect, exchange, get, post, read_all, status, statuses, wait_until
from tests.serving.scripted_engine import good
from tests.serving.test_doors import KEY, RING

SMALL = HttpLimits(max_head_bytes=1024, max_body_bytes=4096, max_bodies_bytes=6000)
POST = b"POST /v1/completions HTTP/1.1\r\nhost: x\r\n"
CHUNKED = POST + b"transfer-encoding: chunked\r\n"


@pytest.mark.parametrize(
    "path",
    [
        "/slots", "/v1/models/", "//v1/models", "/v1/%6dodels", "/v1/../v1/models", "http://x/v1/models", "/V1/models",
        "/v1/chat/completions/../../../metrics", "/internal/route", "/tokenize", "/v1/models#x", "/v1/models;x", "*",
        "/v1/models%3fx", "/v1/models%00", "/qorch/v1/look/", "/v1\\models",
    ],
)  # fmt: skip
def test_a_path_that_is_not_in_the_table_does_not_exist(gateway: Make, path: str) -> None:
    assert status(exchange(gateway().port, get(path, "connection: close"))) in (404, 400)


@pytest.mark.parametrize("path", ["/v1/models?limit=1", "/v1/models?", "/v1/models?/../../qorch/v1/look"])
def test_a_query_does_not_change_the_path(gateway: Make, path: str) -> None:
    assert status(exchange(gateway().port, get(path, "connection: close"))) == 200


@pytest.mark.parametrize("host", ["x", "/qorch/v1/look", "x/health?", "", "127.0.0.1:1", "a@b"])
def test_the_host_does_not_change_the_path(gateway: Make, host: str) -> None:
    request = get("/v1/nothing", "connection: close").replace(b"host: x", b"host: " + host.encode())
    assert status(exchange(gateway().port, request)) == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD", "TRACE"])
def test_another_method_is_refused_by_name(gateway: Make, method: str) -> None:
    answer = exchange(gateway().port, get("/v1/completions", "connection: close", method=method))
    assert status(answer) == 405
    assert b"\r\nallow: POST\r\n" in answer


def test_head_gets_the_head_that_get_would_get(gateway: Make) -> None:
    port = gateway().port
    told = exchange(port, get("/v1/models", "connection: close"))
    assert exchange(port, get("/v1/models", "connection: close", method="HEAD")) == told[: told.index(b"{")]


@pytest.mark.parametrize(
    "request_",
    [
        POST + b"content-length: 4\r\ncontent-length: 5\r\n\r\nabcd",
        POST + b"content-length: 4\r\ncontent-length: 4\r\n\r\nabcd",
        POST + b"content-length: 4, 4\r\n\r\nabcd",
        POST + b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n",
        POST + b"transfer-encoding: chunked, identity\r\n\r\n",
        POST + b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST + b"transfer-encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
        POST + b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
        POST + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        POST + b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"content-length: -1\r\n\r\n",
        POST + b"content-length: +4\r\n\r\nabcd",
        POST + b"content-length: 0x4\r\n\r\nabcd",
        POST + b"content-length: 4 4\r\n\r\nabcd",
        POST + b"content-length: 18446744073709551617\r\n\r\na",
        POST + b"content-length:\r\n\r\nabcd",
        POST + b"x: a\r\n folded\r\n\r\n",
        POST + b"x: a\nb: c\r\n\r\n",
        POST + b"x: a\rb: c\r\n\r\n",
        POST + b"x: a\x00b\r\n\r\n",
        POST + b"no colon\r\n\r\n",
        POST + b"authorization: Bearer a\r\nauthorization: Bearer b\r\n\r\n",
        POST + b"host: y\r\n\r\n",
        CHUNKED + b"\r\n4\r\nabcdef\r\n0\r\n\r\n",
        CHUNKED + b"\r\n0x4\r\nabcd\r\n0\r\n\r\n",
        CHUNKED + b"\r\n-1\r\nabcd\r\n0\r\n\r\n",
        CHUNKED + b"\r\nfffffffffffffffff\r\nabcd\r\n0\r\n\r\n",
        CHUNKED + b"\r\n4\nabcd\n0\n\n",
        b"POST /v1/completions HTTP/1.1\r\nhost : x\r\n\r\n",
        b"POST /v1/completions HTTP/1.1\r\ncontent-length: 0\r\n\r\n",
        b"POST /v1/completions HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /v1/models HTTP/1.1\nhost: x\n\n",
        b"GET /v1/models HTTP/9.9\r\nhost: x\r\n\r\n",
        b"GET /v1/models HTTP/2.0\r\nhost: x\r\n\r\n",
        b"GET /v1/models\r\n\r\n",
        b"GET /v1/models HTTP/1.1 \r\nhost: x\r\n\r\n",
        b"GET /v1/mod els HTTP/1.1\r\nhost: x\r\n\r\n",
        b"get /v1/models HTTP/1.1\r\nhost: x\r\n\r\n",
        b"CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00",
    ],
)
def test_what_two_servers_could_read_differently_is_refused_and_nothing_after_it_is_read(
    gateway: Make, request_: bytes
) -> None:
    answers = exchange(gateway().port, request_ + get("/v1/models"))
    assert [code in (400, 405, 501, 505) for code in statuses(answers)] == [True]
    assert b"connection: close" in answers


def test_a_trailer_does_not_pass_for_a_header(gateway: Make) -> None:
    port = gateway(ring=RING).port
    request = CHUNKED + b"connection: close\r\nAUTH\r\n0\r\nAUTH\r\n"
    key = f"authorization: Bearer {KEY}\r\n".encode()
    assert status(exchange(port, request.replace(b"AUTH", key, 1).replace(b"AUTH", b""))) == 400
    assert status(exchange(port, request.replace(b"AUTH", b"", 1).replace(b"AUTH", key))) == 401


@pytest.mark.anyio
@pytest.mark.parametrize("framing", ["content-length: {size}", "transfer-encoding: chunked"])
async def test_a_wish_for_http_2_is_passed_over_and_the_request_answered(
    gateway: Make, scripted: Start, framing: str
) -> None:
    """Java's HTTP client sends such a wish with each first request, and llhttp then takes the body for HTTP/2."""
    engine, port = await scripted(good)
    body = chat()
    sent = body if "length" in framing else b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    head = [
        "POST /v1/chat/completions HTTP/1.1", "Host: x", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c",
        "HTTP2-Settings: AAEA", framing.format(size=len(body)), "", "",
    ]  # fmt: skip
    request = "\r\n".join(head).encode() + sent
    made = gateway(port)
    for cut in (1, len(request) - len(sent), len(request) - 5):
        answers = await asyncio.to_thread(
            exchange, made.port, request[:cut], request[cut:] + get("/health", "connection: close")
        )
        assert statuses(answers) == [200, 200]
    assert [json.loads(body)["messages"][0]["content"] for body in engine.bodies] == ["hello"] * 3


def test_http_1_0_is_answered_whole_and_closed(gateway: Make) -> None:
    answer = exchange(gateway().port, get("/health", "connection: keep-alive", version="1.0"))
    assert status(answer) == 200
    assert b"connection: close" in answer
    assert answer.endswith(b'{"status":"ok"}')


def test_a_client_that_asks_first_is_told_to_go_on(gateway: Make) -> None:
    body = chat(model="other")
    head, _, _ = post(body, "/v1/chat/completions", "expect: 100-continue", "connection: close").partition(body)
    with connect(gateway().port) as connection:
        connection.sendall(head)
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert status(read_all(connection)) == 404


@pytest.mark.parametrize("asks", [(), ("expect: 100-continue",)])
def test_a_client_without_a_key_is_refused_before_it_sends_its_body(gateway: Make, asks: tuple[str, ...]) -> None:
    request = post(b"x" * 3_000_000, "/v1/chat/completions", *asks)
    head = request[: request.index(b"\r\n\r\n") + 4]
    answer = exchange(gateway(keys_required=True).port, head)
    assert statuses(answer) == [401]
    assert b"connection: close" in answer


def test_a_client_that_sends_all_the_same_still_reads_its_refusal(gateway: Make) -> None:
    request = post(b"x" * 30_000_000)
    answer = exchange(gateway(keys_required=True).port, request[:1000], request[1000:])
    assert statuses(answer) == [401]


def test_a_head_that_is_too_large_is_refused(gateway: Make) -> None:
    port = gateway(http=SMALL).port
    assert status(exchange(port, get("/health", "x-long: " + "a" * 2000))) == 431
    assert status(exchange(port, get("/" + "a" * 2000))) == 431
    assert status(exchange(port, get("/health", *(f"x{number}: 1" for number in range(300))))) == 431


@pytest.mark.parametrize(
    "start",
    [
        b"GET /health HTTP/1.1\r\nhost: x\r\nx-endless: ",
        b"GET /health HTTP/1.1\r\nhost: x\r\n",
        CHUNKED + b"\r\n0\r\nx-trailer: ",
        CHUNKED + b"\r\n1;extension=",
        b"\r\n",
    ],
)
def test_what_the_parser_keeps_to_itself_is_bounded_too(gateway: Make, start: bytes) -> None:
    """A header, trailer or extension without an end is told of by no callback, so it is counted as it comes."""
    filler = b"\r\n" * 200 if start == b"\r\n" else b"a" * 400
    with connect(gateway(http=SMALL).port) as connection:
        connection.sendall(start)
        for _ in range(10):
            time.sleep(0.005)  # so that it comes in more than one piece
            connection.sendall(filler)
        assert status(connection.recv(65536)) == 431


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(gateway: Make) -> None:
    answer = exchange(gateway(http=SMALL).port, POST + b"content-length: 5000\r\n\r\n")
    assert status(answer) == 413
    assert b"body_too_large" in answer


def test_a_chunked_body_is_counted_as_it_comes(gateway: Make) -> None:
    assert status(exchange(gateway(http=SMALL).port, CHUNKED + b"\r\n", b"1388\r\n" + b"a" * 5000)) == 413


def test_bodies_of_all_clients_together_are_bounded(gateway: Make) -> None:
    made = gateway(http=SMALL)
    with connect(made.port) as first:
        first.sendall(POST + b"content-length: 4096\r\n\r\n" + b"a" * 4000)
        pool = made.server.clients.pool
        wait_until(lambda: pool.free_bytes == 2000)
        answer = exchange(made.port, POST + b"content-length: 4096\r\n\r\n" + b"a" * 4000)
        assert status(answer) == 503
        assert b"retry-after: 1" in answer
    wait_until(lambda: pool.free_bytes == 6000)
