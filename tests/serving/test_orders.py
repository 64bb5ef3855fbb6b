"""Orders for a replica at the gateway's door, and how the one that is meant is found."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from ray.serve.exceptions import DeploymentUnavailableError

from orchestrator.adapters.gateway_api import GatewayApi
from orchestrator.core.by_hand import ReplicaOrder, Verb
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.pass_on import pass_on
from tests.serving.conftest import ADMIN_TOKEN, Make

ORDER = ReplicaOrder("r1", Verb.RESTART, new_first=True, drain_s=7.0)
PATH = "/qorch/v1/replicas/order"
UNAVAILABLE = DeploymentUnavailableError(None)  # type: ignore[arg-type]


class Handle:
    """A variant whose replicas answer so, or an error in their place."""

    def __init__(self, *answers: Any, error: Exception | None = None) -> None:
        self.answers, self.error, self.told = answers, error, list[tuple[str, Any]]()

    def broadcast(self, method: str, order: Any) -> Handle:
        self.told.append((method, order))
        return self

    async def results_async(self, timeout_s: float, return_exceptions: bool) -> tuple[Any, ...]:
        if self.error is not None:
            raise self.error
        return self.answers


def test_it_is_passed_on_as_it_was_given(gateway: Make) -> None:
    made = gateway()
    GatewayApi(made.url, ADMIN_TOKEN).order(ORDER)
    assert made.orders == [ORDER]


def test_nobody_without_the_fleets_own_token_is_listened_to(gateway: Make) -> None:
    made = gateway()
    answer = httpx.post(f"{made.url}{PATH}", json=ORDER.to_data())
    assert answer.status_code == 401
    with pytest.raises(EnvironmentNotReady, match="the fleet's admin token is needed"):
        GatewayApi(made.url, "another").order(ORDER)
    assert made.orders == []


@pytest.mark.parametrize(("said", "told"), [(None, "no replica r1 runs"), ("r1 is drained already", "r1 is drained")])
def test_a_refusal_is_told_in_the_replicas_own_words(gateway: Make, said: str | None, told: str) -> None:
    made = gateway()
    made.answer = said
    with pytest.raises(EnvironmentNotReady, match=told):
        GatewayApi(made.url, ADMIN_TOKEN).order(ORDER)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"replica_id":"a","verb":"kill","new_first":true,"drain_s":1}'])
def test_what_is_no_order_is_refused(gateway: Make, body: bytes) -> None:
    made = gateway()
    admin = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    assert httpx.post(f"{made.url}{PATH}", content=body, headers=admin).status_code == 400
    assert httpx.get(f"{made.url}{PATH}", headers=admin).status_code == 405
    assert made.orders == []


def test_a_gateway_that_is_away_is_told() -> None:
    with pytest.raises(EnvironmentNotReady, match="the gateway does not take the order"):
        GatewayApi("http://127.0.0.1:9", ADMIN_TOKEN).order(ORDER)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("variants", "said"),
    [
        ([Handle(None, "")], ""),
        ([Handle(None), Handle(None, "busy")], "busy"),
        ([Handle(None), Handle(None)], None),
        ([Handle(error=UNAVAILABLE), Handle("")], ""),
        ([Handle(error=UNAVAILABLE)], None),
        ([Handle(error=TimeoutError()), Handle("")], ""),
        ([Handle(TimeoutError(), "")], ""),
    ],
)
async def test_of_all_replicas_the_one_that_is_meant_answers(variants: list[Any], said: str | None) -> None:
    assert await pass_on(ORDER, variants) == said
    assert all(each.told == [("obey", ORDER.to_data())] for each in variants)


@pytest.mark.anyio
@pytest.mark.parametrize("variant", [Handle(error=TimeoutError()), Handle(None, TimeoutError())])
async def test_where_some_cannot_be_asked_nobody_says_that_there_is_no_such_replica(variant: Any) -> None:
    with pytest.raises(ApiError) as raised:
        await pass_on(ORDER, [Handle(None), variant])  # type: ignore[list-item]
    assert raised.value.status == 503
