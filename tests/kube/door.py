"""HTTPS: requests in, answers and streams of events out."""

from __future__ import annotations

import json
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml

from tests.kube.certificates import tls_context
from tests.kube.errors import bad_request
from tests.kube.kinds import Object
from tests.kube.routes import Request


@dataclass(frozen=True)
class Answer:
    """A body, or events that follow one another until the stream ends."""

    code: int
    body: Object | bytes = field(default_factory=dict)  # bytes: somebody else's
    stream: Iterator[Object] | None = None
    headers: dict[str, str] = field(default_factory=dict)


_GREETING_S = 5.0
Answering = Callable[[Request], Answer]


@contextmanager
def open_door(answering: Answering) -> Iterator[str]:
    """Listens on a free port of loopback and gives the address."""
    door = _Door(("127.0.0.1", 0), _Visit)
    door.answering, door.tls = answering, tls_context()
    thread = threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"https://127.0.0.1:{door.server_address[1]}"
    finally:
        door.shutdown()
        thread.join()
        door.see_out()
        door.server_close()


class _Door(ThreadingHTTPServer):
    answering: Answering
    tls: ssl.SSLContext
    daemon_threads = False  # whoever closes the door waits for all visits to end
    request_queue_size = 128

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.visits: set[ssl.SSLSocket] = set()

    def see_out(self) -> None:
        """Ends the connections that clients keep open."""
        for visit in list(self.visits):
            with suppress(OSError):
                visit.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that has gone is no error."""
        if not isinstance(sys.exc_info()[1], ConnectionError | ssl.SSLError):
            super().handle_error(request, client_address)


class _Visit(BaseHTTPRequestHandler):
    """One connection, greeted in a thread of its own so that a slow one keeps nobody waiting."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # a head and its body go out together

    def setup(self) -> None:
        door: _Door = self.server  # type: ignore[assignment]
        self.request.settimeout(_GREETING_S)
        self.request = door.tls.wrap_socket(self.request, server_side=True)
        self.request.settimeout(None)
        door.visits.add(self.request)
        super().setup()

    def finish(self) -> None:
        door: _Door = self.server  # type: ignore[assignment]
        door.visits.discard(self.request)
        super().finish()

    def _serve(self) -> None:
        door: _Door = self.server  # type: ignore[assignment]
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            body = _read(raw, headers.get("content-type", ""))
        except (ValueError, yaml.YAMLError) as error:
            refused = bad_request(f"the object provided is unrecognized: {error}")
            return self._send(Answer(400, refused.status()))
        answer = door.answering(Request(self.command, parts.path, dict(parse_qsl(parts.query)), headers, body))
        if answer.stream is None:
            self._send(answer)
        else:
            self._stream(answer.stream)

    def _send(self, answer: Answer) -> None:
        data = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
        self.send_response(answer.code)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(data)),
            **answer.headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, events: Iterator[Object]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        try:
            for event in events:
                self._chunk(json.dumps(event).encode() + b"\n")
            self._chunk(b"")
        except ConnectionError:
            self.close_connection = True

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def log_message(self, *_: Any) -> None:
        """Says nothing."""


def _read(raw: bytes, form: str) -> Any:
    if not raw:
        return None
    return yaml.load(raw, Loader=yaml.CSafeLoader) if "yaml" in form else json.loads(raw)
