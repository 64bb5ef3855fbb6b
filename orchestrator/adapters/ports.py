"""TCP ports: which are free, and whether somebody listens."""

from __future__ import annotations

import socket
from contextlib import ExitStack

LOOPBACK = "127.0.0.1"
CONNECT_TIMEOUT_S = 1.0


def free_ports(count: int) -> list[int]:
    """Different ports that nobody listens on now; all are held together while they are looked for."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((LOOPBACK, 0))
        return [each.getsockname()[1] for each in sockets]


def port_problem(host: str, port: int) -> str | None:
    """Why an address cannot be listened on, or None when it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
    return None


def is_listened_to(port: int) -> bool:
    """Whether anybody accepts connections at this port of loopback."""
    with socket.socket() as probe:
        probe.settimeout(CONNECT_TIMEOUT_S)
        return probe.connect_ex((LOOPBACK, port)) == 0
