"""From a client's bytes to requests: llhttp parses, and what two servers could read differently is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import httptools

from orchestrator.serving.gateway.api_errors import ApiError, body_too_large
from orchestrator.serving.gateway.body import Body
from orchestrator.serving.gateway.http_messages import HttpLimits, Request

HEADER_LINE_BYTES = 4  # ": " and the line's end
ONCE_ONLY = frozenset({"host", "authorization", "origin"})  # llhttp sees to Content-Length and Transfer-Encoding


class Reading(Protocol):
    """Who is told how far the reading is."""

    def request_begins(self) -> None: ...
    def request_arrives(self, request: Request) -> None: ...
    def request_is_whole(self) -> None: ...
    def go_on(self) -> None: ...


class RequestReader:
    """Gives `owner` each request as soon as its head is whole; nothing is read after something unreadable."""

    def __init__(self, owner: Reading, limits: HttpLimits, take: Callable[[int], None]) -> None:
        self._owner = owner
        self._limits = limits
        self._take = take
        self._parser = httptools.HttpRequestParser(self)
        self._body: Body | None = None
        self._stopped = False
        self._steps = 0
        self._silent_bytes = 0
        self._new_head()

    def feed(self, data: bytes) -> ApiError | None:
        """Read on; returns the answer to what cannot be read, unless a request that waits for its body gets it."""
        if self._stopped:
            return None
        steps = self._steps
        try:
            self._parse(data)
            self._count_silence(len(data) if self._steps == steps else 0)
        except ApiError as error:
            return self.stop(error)
        return None

    def stop(self, error: ApiError) -> ApiError | None:
        """Read no more; a request that waits for its body gets `error`, and where there is none it is returned."""
        self._stopped = True
        if self._body is None:
            return error
        self._body.fail(error)
        return None

    # -- llhttp callbacks

    def on_message_begin(self) -> None:
        self._new_head()
        self._owner.request_begins()

    def on_url(self, url: bytes) -> None:
        self._target += url
        self._count_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_head(len(name) + len(value) + HEADER_LINE_BYTES)
        if self._body is not None:
            return  # a trailer, which may not pass for a header
        key = name.decode("latin-1").lower()
        if key in ONCE_ONLY and key in self._headers:
            raise ApiError(400, f"the header {key} is there twice")
        self._headers[key] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._parser.should_upgrade():
            return  # it is read anew, see _parse
        version = self._parser.get_http_version()
        self._check_head(version)
        asks = version == "1.1" and self._headers.get("expect", "").lower() == "100-continue"
        body = Body(self._take, self._owner.go_on if asks else _nothing)
        self._owner.request_arrives(self._request(version, body))
        self._body = body

    def on_body(self, data: bytes) -> None:
        self._steps += 1
        if self._body is not None:
            self._body.add(data)

    def on_message_complete(self) -> None:
        self._steps += 1
        if self._body is not None:
            self._body.finish()
            self._body = None
            self._owner.request_is_whole()

    # -- one head

    def _parse(self, data: bytes) -> None:
        """Raises ApiError. No upgrade is taken up: such a request is read anew without that wish."""
        while data:
            try:
                self._parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                data = self._head_without_upgrade() + data[upgrade.args[0] :]
                self._parser = httptools.HttpRequestParser(self)
            except httptools.HttpParserCallbackError as error:
                raise error.__context__ or error from None
            except httptools.HttpParserError:
                raise ApiError(400, "the request is not valid HTTP/1.1") from None

    def _new_head(self) -> None:
        self._target = b""
        self._headers: dict[str, str] = {}
        self._head_bytes = 0

    def _count_head(self, size: int) -> None:
        self._steps += 1
        self._head_bytes += size
        if self._head_bytes > self._limits.max_head_bytes:
            raise self._head_too_large()

    def _count_silence(self, size: int) -> None:
        """Bound what llhttp keeps before it tells of it: one endless header, trailer or chunk extension."""
        self._silent_bytes = self._silent_bytes + size if size else 0
        if self._silent_bytes > self._limits.max_head_bytes:
            raise self._head_too_large()

    def _head_too_large(self) -> ApiError:
        return ApiError(431, f"the request's head has more than {self._limits.max_head_bytes:,} bytes")

    def _check_head(self, version: str) -> None:
        """Raises ApiError for what llhttp lets through and another server may read in another way."""
        if version not in ("1.0", "1.1"):
            raise ApiError(505, "this server speaks HTTP/1.1")
        if version == "1.1" and "host" not in self._headers:
            raise ApiError(400, "the header host is missing")
        coding = self._headers.get("transfer-encoding")
        if coding is not None and (coding.lower() != "chunked" or version == "1.0"):
            raise ApiError(501, "no transfer encoding but chunked is known, and that in HTTP/1.1 only")
        if int(self._headers.get("content-length", "0")) > self._limits.max_body_bytes:
            raise body_too_large(self._limits.max_body_bytes)

    def _request(self, version: str, body: Body) -> Request:
        return Request(
            method=self._parser.get_method().decode("latin-1"),
            path=self._target.decode("latin-1").partition("?")[0],
            headers=self._headers,
            body=body,
            http_1_1=version == "1.1",
            keep_alive=version == "1.1" and self._parser.should_keep_alive(),
        )

    def _head_without_upgrade(self) -> bytes:
        method = self._parser.get_method()
        if method == b"CONNECT":
            raise ApiError(405, "this server is no proxy")
        lines = [f"{name}: {value}" for name, value in self._headers.items() if name != "upgrade"]
        start = b"%b %b HTTP/%b" % (method, self._target, self._parser.get_http_version().encode())
        return b"\r\n".join([start, *(line.encode("latin-1") for line in lines), b"", b""])


def _nothing() -> None:
    """What a client that did not ask whether to go on is told."""
