"""Requests as bytes on a socket, for what no client would send."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable
from typing import Any


def chat(**fields: Any) -> bytes:
    return json.dumps({"model": "demo", "messages": [{"role": "user", "content": "hello"}], **fields}).encode()


def post(body: bytes, path: str = "/v1/chat/completions", *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "host: x", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def get(path: str, *headers: str, version: str = "1.1", method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/{version}", "host: x", *headers, "", ""]).encode()


def connect(port: int, timeout_s: float = 5) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=timeout_s)


def exchange(port: int, *pieces: bytes, timeout_s: float = 5) -> bytes:
    """Send the pieces, and read until the other side hangs up or is silent."""
    with connect(port, timeout_s) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return read_all(connection)


def read_all(connection: socket.socket) -> bytes:
    received = b""
    try:
        while data := connection.recv(65536):
            received += data
    except (TimeoutError, ConnectionResetError):
        pass
    return received


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def statuses(answers: bytes) -> list[int]:
    """The status of each answer on a connection."""
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", answers)]


def wait_until(condition: Callable[[], bool], within_s: float = 2) -> float:
    """The seconds until it holds; fails when it does not in time."""
    started_s = time.monotonic()
    while not condition():
        assert time.monotonic() - started_s < within_s, "not in time"
        time.sleep(0.005)
    return time.monotonic() - started_s
