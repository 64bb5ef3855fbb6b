"""HTTP/1.1 messages as values and bytes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestrator.serving.gateway.api_errors import STATUS_TEXT


@dataclass(frozen=True)
class HttpLimits:
    """What one connection may ask of the gateway."""

    max_head_bytes: int = 32 * 1024
    max_body_bytes: int = 32 * 1024 * 1024
    head_timeout_s: float = 10.0
    body_timeout_s: float = 60.0
    idle_timeout_s: float = 75.0
    write_timeout_s: float = 60.0


@dataclass(frozen=True)
class Request:
    """One whole request; `path` is the raw path, without the query."""

    method: str
    path: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes
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
