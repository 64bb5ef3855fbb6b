"""Any bytes in any pieces: the same requests, or a refusal, and never more kept than the limits allow."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.body import BodyPool, BodyShare
from orchestrator.serving.gateway.http_messages import HttpLimits, Request
from orchestrator.serving.gateway.request_reader import RequestReader
from tests.serving.raw import get, post

LIMITS = HttpLimits(max_head_bytes=512, max_body_bytes=256)
Seen = list[tuple[str, str, bytes]]

PLACES = st.lists(st.integers(0, 10_000), max_size=12)
BODIES = st.binary(max_size=80)
CHUNKED = st.lists(st.binary(min_size=1, max_size=20), max_size=4).map(
    lambda parts: (
        b"POST /c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
        + b"".join(b"%x;e=1\r\n%b\r\n" % (len(part), part) for part in parts)
        + b"0\r\ntrailer: x\r\n\r\n"
    )
)
UPGRADES = BODIES.map(lambda body: post(body, "/u", "connection: upgrade", "upgrade: h2c"))
REQUESTS = st.one_of(BODIES.map(lambda body: post(body, "/p")), st.just(get("/g?q")), CHUNKED, UPGRADES)


class Reader:
    """Collects what a RequestReader tells."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.whole = 0
        self.refusals: list[ApiError] = []
        self.share = BodyShare(BodyPool(10_000), LIMITS.max_body_bytes)
        self.reader = RequestReader(self, LIMITS, self.share.take)

    def request_begins(self) -> None: ...

    def go_on(self) -> None: ...

    def request_arrives(self, request: Request) -> None:
        self.requests.append(request)

    def request_is_whole(self) -> None:
        self.whole += 1
        self.share.give_back(self.requests[-1].body.size)

    def feed(self, pieces: list[bytes]) -> None:
        self.refusals += [refusal for piece in pieces if (refusal := self.reader.feed(piece))]

    async def seen(self) -> Seen:
        return [(one.method, one.path, await one.body.read()) for one in self.requests[: self.whole]]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges) if a < b]


def read(pieces: list[bytes]) -> tuple[Seen, list[int]]:
    async def run() -> tuple[Seen, list[int]]:
        reader = Reader()
        reader.feed(pieces)
        return await reader.seen(), [refusal.status for refusal in reader.refusals]

    return asyncio.run(run())


@given(st.lists(REQUESTS, min_size=1, max_size=4), PLACES)
def test_requests_in_any_pieces_are_the_same_requests(requests: list[bytes], places: list[int]) -> None:
    sent = b"".join(requests)
    seen, refusals = read(cut(sent, places))
    assert (seen, refusals) == read([sent])
    assert refusals == []
    assert len(seen) == len(requests)


@given(st.lists(st.one_of(REQUESTS, st.binary(max_size=60)), max_size=6), PLACES)
def test_any_bytes_are_read_or_refused_once(parts: list[bytes], places: list[int]) -> None:
    _, refusals = read(cut(b"".join(parts), places))
    assert refusals in ([], [400], [405], [413], [431], [501], [505])


@given(REQUESTS, st.integers(0, 10_000), st.binary(min_size=1, max_size=4), PLACES)
def test_a_request_with_bytes_changed_within_is_read_or_refused_once(
    request: bytes, place: int, change: bytes, places: list[int]
) -> None:
    at = place % len(request)
    _, refusals = read(cut(request[:at] + change + request[at + len(change) :], places))
    assert len(refusals) <= 1


@given(st.integers(1, 600), st.integers(1, 600))
def test_a_body_is_taken_up_to_its_limit_and_not_beyond(first: int, second: int) -> None:
    chunks = b"".join(b"%x\r\n%b\r\n" % (size, b"a" * size) for size in (first, second))

    async def run() -> None:
        reader = Reader()
        reader.feed([b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"])
        body = reader.requests[0].body
        if first + second <= LIMITS.max_body_bytes:
            assert len(await body.read()) == first + second
        else:
            with pytest.raises(ApiError, match="more than 256 bytes"):
                await body.read()

    asyncio.run(run())
