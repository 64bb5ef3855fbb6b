"""What a fleet's own tools ask its gateway, over a stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from math import inf
from typing import Any

import pytest

from orchestrator.adapters.gateway_api import GatewayApi, client_host
from orchestrator.adapters.ports import free_ports
from orchestrator.core.fleet import Decided
from orchestrator.core.held import Held
from orchestrator.core.live.histogram import Histogram
from orchestrator.core.live.reading import EngineTraffic, Traffic
from orchestrator.core.scaling.decision import DecisionStep, ScalingDecision
from tests.adapters.http_stand_in import HttpStandIn, http_stand_in
from tests.core.live.made import answered

LOOK, DECISIONS = "/qorch/v1/look", "/qorch/v1/decisions"
DECIDED = Decided(2.0, ScalingDecision({"demo": 3}, (DecisionStep("replicas", 3.0, "enough"),)), {"demo": 1})
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
    "devices": ["GPU-1"],
    "started_at_s": 1000.0,
    "prefix_cache_queries_total": 8,
    "prefix_cache_hits_total": 6,
    "revision": "demo-gguf, llama.cpp 2026.10",
}
TRAFFIC: dict[str, Any] = {
    "in_flight": 1,
    "answered_total": 7.0,
    "failed_total": 1.0,
    "retries_total": 2.0,
    "ttft": [["0.5", 3.0], ["+Inf", 4.0]],
    "tpot": [["0.05", 4.0], ["+Inf", 4.0]],
    "engines": {"cnedz0oj": {"failed_total": 2, "ttft": [1, 2]}},
}
ANSWERED = answered()
REQUESTS = {name: [value] for name, value in asdict(ANSWERED).items()}
TOLD: dict[str, Any] = {"any_ready": True, "replicas": [ROW], "held": None, "traffic": TRAFFIC, "decided": None}


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
    assert api.look() is None


def test_its_engines_are_told_by_replica_to_who_holds_the_token(gateway: HttpStandIn) -> None:
    gateway.answers[f"GET {LOOK}"] = (200, TOLD)
    look = GatewayApi(gateway.url, "admin").look()
    assert look is not None
    assert look.any_ready
    assert look.engines.keys() == {"cnedz0oj"}
    view = look.engines["cnedz0oj"]
    assert (view.pid, view.port, view.ready, view.num_requests_waiting) == (5560, 40000, True, 1)
    assert (view.devices, view.started_at_s, view.memory_bytes) == (("GPU-1",), 1000.0, None)
    assert (view.prefix_cache_hits_total, view.revision) == (6, "demo-gguf, llama.cpp 2026.10")
    assert gateway.asked[0].authorization == "Bearer admin"


def test_its_traffic_is_told_with_that_of_each_engine_below_the_same_bounds(gateway: HttpStandIn) -> None:
    gateway.answers[f"GET {LOOK}"] = (200, TOLD)
    look = GatewayApi(gateway.url, "admin").look()
    assert look is not None
    assert look.traffic == Traffic(
        in_flight=1,
        answered_total=7.0,
        failed_total=1.0,
        retries_total=2.0,
        ttft=Histogram((0.5, inf), (3.0, 4.0)),
        tpot=Histogram((0.05, inf), (4.0, 4.0)),
        engines={"cnedz0oj": EngineTraffic(2, Histogram((0.5, inf), (1, 2)))},
    )


@pytest.mark.parametrize(
    "answer",
    [
        (401, "no"),
        (404, "of another version"),
        (200, "no JSON"),
        (200, []),
        (200, {**TOLD, "replicas": [{}]}),
        (200, {**TOLD, "traffic": {**TRAFFIC, "ttft": []}}),
        (200, {**TOLD, "traffic": {**TRAFFIC, "engines": []}}),
        (200, {**TOLD, "traffic": {**TRAFFIC, "of another version": 1}}),
        (200, {name: told for name, told in TOLD.items() if name != "held"}),
        (200, {**TOLD, "requests": {"at_s": [1.0]}}),
        (200, {**TOLD, "requests": {**REQUESTS, "at_s": []}}),
    ],
)
def test_a_gateway_that_refuses_or_makes_no_sense_tells_nothing(gateway: HttpStandIn, answer: tuple[int, Any]) -> None:
    gateway.answers[f"GET {LOOK}"] = answer
    assert GatewayApi(gateway.url, "admin").look() is None


def test_what_it_holds_is_told_where_it_holds_something(gateway: HttpStandIn) -> None:
    gateway.answers[f"GET {LOOK}"] = (200, {**TOLD, "held": asdict(HELD)})
    look = GatewayApi(gateway.url, "admin").look()
    assert look is not None
    assert look.held == HELD


def test_the_requests_that_ended_last_are_told_and_what_else_is_told_of_them_is_left_out(gateway: HttpStandIn) -> None:
    gateway.answers[f"GET {LOOK}"] = (
        200, {**TOLD, "requests": {**REQUESTS, "of another version": [1]}, "failed_requests": REQUESTS}
    )  # fmt: skip
    look = GatewayApi(gateway.url, "admin").look()
    assert look is not None
    assert look.traffic.requests == look.traffic.failed_requests == (ANSWERED,)


def test_what_was_decided_last_is_told_but_by_an_older_one(gateway: HttpStandIn) -> None:
    gateway.answers[f"GET {LOOK}"] = (200, {**TOLD, "decided": asdict(DECIDED)})
    api = GatewayApi(gateway.url, "admin")
    look = api.look()
    assert look is not None
    assert look.decided == DECIDED
    gateway.answers[f"GET {LOOK}"] = (200, {name: value for name, value in TOLD.items() if name != "decided"})
    look = api.look()
    assert look is not None
    assert look.decided is None


def test_changes_are_told_to_who_asks(gateway: HttpStandIn) -> None:
    gateway.answers[f"GET {DECISIONS}"] = (200, {"decisions": [asdict(DECIDED)]})
    assert GatewayApi(gateway.url, "admin").decisions() == (DECIDED,)


@pytest.mark.parametrize(
    "answer", [(401, {}), (404, {}), (200, {}), (200, []), (200, {"decisions": 1}), (200, {"decisions": [{"at_s": 1}]})]
)
def test_a_gateway_that_refuses_or_is_an_older_one_tells_no_changes(
    gateway: HttpStandIn, answer: tuple[int, Any]
) -> None:
    gateway.answers[f"GET {DECISIONS}"] = answer
    assert GatewayApi(gateway.url, "admin").decisions() is None


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
