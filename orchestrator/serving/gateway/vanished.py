"""A machine that vanishes says no goodbye: TCP has to ask whether it is still there."""

from __future__ import annotations

import socket

# A silent peer is asked after 15 s, then every 5 s, and given up after three questions without an answer;
# one that does not acknowledge what was sent is given up after 60 s.
OPTIONS = (("TCP_KEEPIDLE", 15), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 60_000))


def notice_vanished_peer(connection: socket.socket) -> None:
    """Let the kernel end the connection when the other machine is gone."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in OPTIONS:
        if hasattr(socket, name):  # not every system has all of them
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
