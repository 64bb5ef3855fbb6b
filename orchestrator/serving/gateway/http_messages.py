"""HTTP/1.1 messages as values and bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestrator.serving.gateway.api_errors import STATUS_TEXT
from orchestrator.serving.gateway.body import Body


@dataclass(frozen=True)
class HttpLimits:
    """What one connection, and all of them together, may ask of the gateway."""

    max_head_bytes: int = 32 * 1024
    max_body_bytes: int = 32 * 2**20
    max_bodies_bytes: int = 512 * 2**20  # of all requests that are being read or answered
    max_connections: int = 4096
    max_requests_ahead: int = 16  # sent on one connection while an earlier one is answered
    head_timeout_s: float = 10.0
    body_timeout_s: float = 60.0
    idle_timeout_s: float = 75.0
    write_timeout_s: float = 60.0
    linger_s: float = 2.0  # for a client to read a refusal while it still sends
    half_closed_s: float = 0.1  # to finish an answer for a client that has ended its own side


@dataclass(frozen=True)
class Request:
    """One request whose head is whole; `path` is the raw path, without the query."""

    method: str
    path: str
    headers: Mapping[str, str]  # names in lower case
    body: Body
    http_1_1: bool
    keep_alive: bool


def response_head(status: int, headers: Iterable[tuple[str, str]], keep_alive: bool) -> bytes:
    lines = [f"HTTP/1.1 {status} {STATUS_TEXT.get(status, 'Unknown')}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if not keep_alive:
        lines.append("connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def request_bytes(method: str, path: str, host: str, body: bytes) -> bytes:
    """A request to an engine, on a connection of its own."""
    head = (
        f"{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode("latin-1") + body
