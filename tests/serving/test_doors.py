"""Who may come in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from orchestrator.adapters.key_store import KeyStore
from orchestrator.core.api_keys import KeyRing, new_key, presented
from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.doors import Doors
from tests.serving.conftest import ADMIN_TOKEN, Gateway, Make
from tests.serving.raw import chat, exchange, get, status

PEPPER = b"p" * 32
CREATED = "2026-01-01T00:00:00+00:00"
RING = KeyRing(PEPPER, (new_key("0a1b2c3d", "s3cret_with_underscores", "test", PEPPER, CREATED),))
KEY = presented("0a1b2c3d", "s3cret_with_underscores")


def models(gateway: Gateway, authorization: str | None, **headers: str) -> int:
    given = {} if authorization is None else {"Authorization": authorization}
    return httpx.get(f"{gateway.url}/v1/models", headers={**given, **headers}).status_code


def test_without_any_key_loopback_is_open(gateway: Make) -> None:
    assert models(gateway(), None) == 200


def test_where_keys_are_required_nobody_enters_without_one(gateway: Make) -> None:
    assert models(gateway(keys_required=True), None) == 401


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions"])
def test_no_engine_is_asked_without_a_key(gateway: Make, path: str) -> None:
    answer = httpx.post(f"{gateway(ring=RING).url}{path}", content=chat())
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("path", ["/health", "/metrics"])
def test_probes_need_no_key(gateway: Make, path: str) -> None:
    assert httpx.get(f"{gateway(keys_required=True).url}{path}").status_code == 200


@pytest.mark.parametrize(
    "authorization",
    [
        None, "", "Bearer", "Bearer x", f"Basic {KEY}", KEY, f"Bearer {KEY}x", f"Bearer {KEY[:-1]}",
        f"Bearer {KEY.upper()}", f"Bearer{KEY}", "Bearer qk_00000000_s3cret_with_underscores", "Bearer qk__",
        "Bearer qk_0a1b2c3d_", "Bearer _ _", f"Bearer {RING.keys[0].secret_hash}", f"Bearer {ADMIN_TOKEN}",
        f"Bearer {'q' * 20_000}",
    ],
)  # fmt: skip
def test_a_wrong_key_opens_nothing(gateway: Make, authorization: str | None) -> None:
    assert models(gateway(ring=RING), authorization) == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
def test_the_right_key_opens(gateway: Make, scheme: str) -> None:
    assert models(gateway(ring=RING), f"{scheme} {KEY}") == 200


def test_bytes_that_are_no_text_open_nothing(gateway: Make) -> None:
    request = get("/v1/models", "authorization: Bearer KEY", "connection: close").replace(b"KEY", b"qk_\xff\xfe_\xe9")
    assert status(exchange(gateway(ring=RING).port, request)) == 401


def test_a_key_stops_working_at_once_when_it_is_revoked(gateway: Make) -> None:
    made = gateway(ring=RING)
    assert models(made, f"Bearer {KEY}") == 200
    made.ring = KeyRing(PEPPER, (replace(RING.keys[0], revoked_at=CREATED),))
    assert models(made, f"Bearer {KEY}") == 401
    assert models(made, None) == 401


@pytest.fixture
def doors() -> Callable[[Path], Doors]:
    def make(path: Path) -> Doors:
        store = KeyStore(path)
        return Doors(store.read, store.version, admin_token="", look_token=lambda: b"", keys_required=False)

    return make


def test_keys_in_the_file_count_from_the_next_request_on(doors: Callable[[Path], Doors], tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "keys.json")
    door = doors(store.path)
    door.check_key({})
    for _ in range(3):
        key = store.create("test", CREATED)
        door.check_key({"authorization": f"Bearer {key}"})
        store.revoke(key.split("_")[1], CREATED)
        for headers in ({"authorization": f"Bearer {key}"}, {}):
            with pytest.raises(ApiError):
                door.check_key(headers)


def test_a_damaged_key_file_keeps_the_doors_shut(gateway: Make, tmp_path: Path) -> None:
    made = gateway()
    store = KeyStore(tmp_path / "keys.json")
    store.path.write_text("{")
    made.service._doors = Doors(store.read, store.version, ADMIN_TOKEN, lambda: b"", keys_required=False)
    assert [models(made, given) for given in (None, f"Bearer {KEY}")] == [500, 500]


def test_a_web_page_gets_nothing_where_no_key_is_needed(gateway: Make) -> None:
    url = f"{gateway().url}/v1/chat/completions"
    for origin in ("http://evil.example", "null", "http://127.0.0.1"):
        answer = httpx.post(url, content=chat(), headers={"Origin": origin})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin_not_allowed")
    assert models(gateway(ring=RING), f"Bearer {KEY}", Origin="http://evil.example") == 200


def test_the_fleets_own_route_takes_its_token_and_no_users_key(gateway: Make) -> None:
    url = f"{gateway(ring=RING).url}/qorch/v1/look"
    for wrong in ("", f"Bearer {KEY}", f"Bearer {ADMIN_TOKEN}x", f"Basic {ADMIN_TOKEN}", "Bearer"):
        assert httpx.get(url, headers={"Authorization": wrong}).status_code == 401
    assert httpx.get(url, headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}).status_code == 200


@pytest.mark.parametrize("authorization", [{}, {"authorization": "Bearer "}, {"authorization": ""}])
def test_an_empty_token_opens_nothing(
    doors: Callable[[Path], Doors], tmp_path: Path, authorization: dict[str, str]
) -> None:
    with pytest.raises(ApiError):
        doors(tmp_path / "keys.json").check_admin(authorization)
