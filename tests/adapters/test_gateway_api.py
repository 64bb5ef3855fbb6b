"""What a fleet's own tools ask its gateway, over a stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from orchestrator.adapters.gateway_api import GatewayApi, client_host
from orchestrator.adapters.ports import free_ports
from orchestrator.core.held import Held
from tests.adapters.http_stand_in import HttpStandIn, http_stand_in

REPLICAS = "/qorch/v1/replicas"
HELD = Held(2, 120, 1000.0, 4.5, engines_full=False)
ROW: dict[str, Any] = {
    "replica_id": "cnedz0oj",
    "engine_pid": 5560,
    "port": 40000,
    "ready": True,
    "reason": "answers completions",
    "load_s": 0.4,
    "max_num_seqs": 4,
    "in_flight": 2,
    "num_requests_running": 1,
    "num_requests_waiting": 1,
    "prompt_tokens_total": 10,
    "generation_tokens_total": 20,
    "generation_s_total": 0.5,
    "kv_cache_usage": 0.25,
    "host": "127.0.0.1",
}


@pytest.fixture
def gateway() -> Iterator[HttpStandIn]:
    with http_stand_in() as stand_in:
        yield stand_in


@pytest.mark.parametrize(("status", "ready"), [(200, True), (503, False), (404, False)])
def test_it_is_ready_when_it_says_so(gateway: HttpStandIn, status: int, ready: bool) -> None:
    gateway.answers["GET /ready"] = (status, {})
    assert GatewayApi(gateway.url, "admin").ready() is ready


def test_one_that_does_not_answer_is_neither_ready_nor_not() -> None:
    api = GatewayApi(f"http://127.0.0.1:{free_ports(1)[0]}", "admin")
    assert api.ready() is None
    assert api.engines() is None
    assert api.held() is None


def test_its_engines_are_told_by_replica_to_who_holds_the_token(gateway: HttpStandIn) -> None:
    gateway.answers[f"GET {REPLICAS}"] = (200, {"replicas": [ROW]})
    engines = GatewayApi(gateway.url, "admin").engines()
    assert engines is not None
    assert engines.keys() == {"cnedz0oj"}
    view = engines["cnedz0oj"]
    assert (view.pid, view.port, view.ready, view.num_requests_waiting) == (5560, 40000, True, 1)
    assert gateway.asked[0].authorization == "Bearer admin"


def test_a_gateway_that_refuses_the_token_tells_nothing(gateway: HttpStandIn) -> None:
    gateway.answers[f"GET {REPLICAS}"] = (401, "no")
    assert GatewayApi(gateway.url, "wrong").engines() is None


def test_what_it_holds_is_told_where_it_holds_something(gateway: HttpStandIn) -> None:
    api = GatewayApi(gateway.url, "admin")
    assert api.held() is None  # of another version
    gateway.answers["GET /qorch/v1/held"] = (200, {"held": None})
    assert api.held() is None
    gateway.answers["GET /qorch/v1/held"] = (200, {"held": asdict(HELD)})
    assert api.held() == HELD
    assert {asked.authorization for asked in gateway.asked} == {"Bearer admin"}


@pytest.mark.parametrize(
    ("bound", "called"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "[::1]"),
        ("::1", "[::1]"),
        ("localhost", "localhost"),
    ],
)
def test_a_gateway_that_listens_everywhere_is_called_on_loopback(bound: str, called: str) -> None:
    assert client_host(bound) == called
