"""The history at the gateway's door: for the fleet's own token, part by part."""

from __future__ import annotations

import httpx
import pytest

from orchestrator.adapters.gateway_api import GatewayApi
from orchestrator.core.scaling.told import ScalingTold
from tests.serving.conftest import ADMIN_TOKEN, Make

ADMIN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
HISTORY, LEARNED = "/qorch/v1/history", "/qorch/v1/learned"


@pytest.mark.parametrize("path", [HISTORY, f"{HISTORY}/minutes/1", LEARNED])
def test_it_takes_the_fleets_own_token(gateway: Make, path: str) -> None:
    made = gateway()
    made.parts.values["minutes/1"] = b"one"
    assert httpx.get(f"{made.url}{path}").status_code == 401
    assert httpx.get(f"{made.url}{path}", headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert httpx.get(f"{made.url}{path}", headers=ADMIN).status_code == 200
    assert httpx.post(f"{made.url}{path}", headers=ADMIN).status_code == 405


def test_parts_are_listed_and_passed_on_as_they_are(gateway: Make) -> None:
    made = gateway()
    made.parts.values |= {"minutes/1": b"\x00\xff", "looks/7": b"", "no part": b"secret"}
    assert httpx.get(f"{made.url}{HISTORY}", headers=ADMIN).json() == {"parts": ["looks/7", "minutes/1"]}
    answer = httpx.get(f"{made.url}{HISTORY}/minutes/1", headers=ADMIN)
    assert (answer.content, answer.headers["content-type"]) == (b"\x00\xff", "application/octet-stream")
    assert httpx.get(f"{made.url}{HISTORY}/looks/7", headers=ADMIN).content == b""


@pytest.mark.parametrize("name", ["minutes/2", "no%20part", "no part", "minutes", "x" * 100])
def test_what_is_no_part_is_not_found(gateway: Make, name: str) -> None:
    made = gateway()
    made.parts.values |= {"minutes/1": b"one", "no part": b"secret", "no%20part": b"secret"}
    answer = httpx.get(f"{made.url}{HISTORY}/{name}", headers=ADMIN)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_part")


def test_a_store_that_is_away_is_said_with_when_to_ask_again(gateway: Make) -> None:
    made = gateway()
    made.parts.away = "Ray's GCS tells nothing now"
    for path in (HISTORY, f"{HISTORY}/minutes/1"):
        answer = httpx.get(f"{made.url}{path}", headers=ADMIN)
        assert (answer.status_code, answer.json()["error"]["message"]) == (503, "Ray's GCS tells nothing now")
        assert answer.headers["retry-after"] == "2"
    assert httpx.get(f"{made.url}/health").status_code == 200


def test_what_was_learned_is_told_as_the_policy_has_it(gateway: Make, told: ScalingTold) -> None:
    made = gateway()
    api = GatewayApi(made.url, ADMIN_TOKEN)
    assert api.learned() is None
    made.scaling = told
    assert api.learned() == told.state
    assert GatewayApi(made.url, "wrong").learned() is None


def test_all_parts_are_one_route_to_metrics(gateway: Make) -> None:
    made = gateway()
    for number in range(3):
        httpx.get(f"{made.url}{HISTORY}/looks/{number}", headers=ADMIN)
    text = httpx.get(f"{made.url}/metrics").text
    assert f'route="{HISTORY}"' in text
    assert "looks/" not in text
