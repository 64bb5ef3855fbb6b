"""Ports: free ones are free and different, and a taken one says why."""

from __future__ import annotations

import socket

import pytest

from orchestrator.adapters.ports import LOOPBACK, free_ports, is_listened_to, port_problem


def test_free_ports_are_different_and_can_be_listened_on() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert [port for port in ports if port_problem(LOOPBACK, port)] == []


@pytest.mark.parametrize("taken_on", [LOOPBACK, "0.0.0.0"])
def test_a_port_that_somebody_listens_on_is_a_problem(taken_on: str) -> None:
    with socket.socket() as taken:
        taken.bind((taken_on, 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert port_problem(LOOPBACK, port) == "Address already in use"
        assert is_listened_to(port)
    assert port_problem(LOOPBACK, port) is None
    assert not is_listened_to(port)


def test_a_port_that_was_listened_on_a_moment_ago_is_free() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection((LOOPBACK, port)):
            server.accept()[0].close()  # leaves the server's side in TIME_WAIT
    assert port_problem(LOOPBACK, port) is None


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_this_machines_is_a_problem_with_a_reason(host: str) -> None:
    assert port_problem(host, free_ports(1)[0])


def test_ipv6_loopback_works_where_there_is_one() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    assert port_problem("::1", free_ports(1)[0]) in (None, "Cannot assign requested address")
