"""A small HTTP server that answers what a test tells it to, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    path: str
    authorization: str | None
    body: Any


@dataclass
class HttpStandIn:
    """`answers` gives a status and a body for "METHOD /path"; what is not there is 404."""

    port: int
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def http_stand_in() -> Iterator[HttpStandIn]:
    """One that listens on a free port of loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    stand_in = HttpStandIn(server.server_address[1])
    server.stand_in = stand_in  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    def _answer(self) -> None:
        stand_in: HttpStandIn = self.server.stand_in  # type: ignore[attr-defined]
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(raw) if raw else None
        stand_in.asked.append(Asked(self.command, self.path, self.headers.get("Authorization"), body))
        status, content = stand_in.answers.get(f"{self.command} {self.path}", (404, "no such route"))
        data = content if isinstance(content, bytes) else _text(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_PUT = do_DELETE = do_POST = _answer

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def _text(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content)
