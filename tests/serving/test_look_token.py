"""What each of a fleet's tokens opens at its gateway."""

from __future__ import annotations

import httpx
import pytest

from orchestrator.core.by_hand import ReplicaOrder, Verb
from tests.serving.conftest import ADMIN_TOKEN, LOOK_TOKEN, Gateway, Make

ORDER = ReplicaOrder("r1", Verb.RESTART, new_first=True, drain_s=7.0)
LOOKS = {"/qorch/v1/look", "/qorch/v1/decisions", "/qorch/v1/history", "/qorch/v1/learned"}
CHANGES = {"/qorch/v1/replicas/order"}
HEADERS = ("authorization", "x-qorch-admin-token")


def asked(gateway: Gateway, path: str, token: str, header: str = "authorization") -> httpx.Response:
    headers = {header: f"Bearer {token}" if header == "authorization" else token}
    if path in CHANGES:
        return httpx.post(gateway.url + path, json=ORDER.to_data(), headers=headers)
    return httpx.get(gateway.url + path, headers=headers)


def test_every_route_of_the_fleet_either_looks_or_changes(gateway: Make) -> None:
    routes = gateway().service._routes
    assert {path for path in routes if path.startswith("/qorch/")} == LOOKS | CHANGES
    assert all(set(routes[path]) == {"GET"} for path in LOOKS)


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("path", sorted(LOOKS))
def test_both_tokens_look_and_no_other(gateway: Make, path: str, header: str) -> None:
    made = gateway()
    wrong = (LOOK_TOKEN[:-1], f"{LOOK_TOKEN}x", ADMIN_TOKEN + LOOK_TOKEN)
    assert [asked(made, path, token, header).status_code for token in (LOOK_TOKEN, ADMIN_TOKEN)] == [200, 200]
    assert {asked(made, path, token, header).status_code for token in wrong} == {401}


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("path", sorted(CHANGES))
def test_the_look_token_changes_nothing(gateway: Make, path: str, header: str) -> None:
    made = gateway()
    refused = asked(made, path, LOOK_TOKEN, header)
    assert (refused.status_code, made.orders) == (403, [])
    assert refused.json()["error"]["message"] == "the fleet's admin token is needed, and this one may only look"
    assert asked(made, path, "another", header).status_code == 401
    assert (asked(made, path, ADMIN_TOKEN, header).status_code, made.orders) == (200, [ORDER])


def test_a_part_of_the_history_is_behind_the_same_door(gateway: Make) -> None:
    made = gateway()
    assert [asked(made, "/qorch/v1/history/none", token).status_code for token in (LOOK_TOKEN, "x")] == [404, 401]


def test_the_look_token_is_no_key_for_completions(gateway: Make) -> None:
    assert asked(gateway(keys_required=True), "/v1/models", LOOK_TOKEN).status_code == 401


@pytest.mark.parametrize("path", sorted(LOOKS | CHANGES))
def test_a_fleet_without_a_look_token_has_the_admin_token_alone(gateway: Make, path: str) -> None:
    made = gateway()
    made.look_token = b""
    assert [asked(made, path, token).status_code for token in ("x", LOOK_TOKEN, ADMIN_TOKEN)] == [401, 401, 200]
