"""What a request may say, and who may say it."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.api_keys import KeyRing, new_key, presented
from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.image_header import pixels
from orchestrator.serving.gateway.request_schema import ChatRequest, CompletionRequest
from orchestrator.serving.gateway.validation import check, parse
from tests.serving.conftest import ADMIN_TOKEN, LIMITS, Gateway
from tests.serving.raw import chat

Make = Callable[..., Gateway]
PEPPER = b"p" * 32
RING = KeyRing(PEPPER, (new_key("0a1b2c3d", "s3cret_with_underscores", "test", PEPPER, "2026-01-01T00:00:00+00:00"),))
KEY = presented("0a1b2c3d", "s3cret_with_underscores")


def refusal(kind: type[ChatRequest] | type[CompletionRequest], body: bytes) -> ApiError:
    with pytest.raises(ApiError) as raised:
        check(parse(kind, body), LIMITS)
    return raised.value


def png(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


def image(data: bytes, kind: str = "png") -> bytes:
    return image_url(f"data:image/{kind};base64,{base64.b64encode(data).decode()}")


def image_url(url: str) -> bytes:
    return chat(messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}])


@pytest.mark.parametrize(
    "field",
    [
        "chat_template", "prompt_embeds", "cache_salt", "id_slot", "n_predict", "grammar", "lora", "mm_kwargs",
        "guided_regex", "cache_prompt", "timings_per_token", "return_tokens",
    ],
)  # fmt: skip
def test_a_field_that_is_not_known_is_refused_by_name(field: str) -> None:
    error = refusal(ChatRequest, chat(**{field: 1}))
    assert error.status == 400
    assert error.error["code"] == "unknown_field"
    assert error.error["param"] == field


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"temperature": -1}, "temperature"),
        ({"temperature": 1e999}, "temperature"),
        ({"n": 9}, "n"),
        ({"n": 10**30}, "n"),
        ({"top_logprobs": 21}, "top_logprobs"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"stop": ["x"] * 17}, "stop"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "root", "content": "x"}]}, "messages.0.role"),
        ({"chat_template_kwargs": {"enable_thinking": True, "x": 1}}, "chat_template_kwargs.x"),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_its_field(fields: dict[str, Any], param: str) -> None:
    assert str(refusal(ChatRequest, chat(**fields)).error["param"]).startswith(param)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 5000 + b"1" + b"}" * 5000]
)
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    assert refusal(CompletionRequest, body).status == 400


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(body: bytes) -> None:
    with pytest.raises(ApiError):
        parse(ChatRequest, body)


def test_a_refusal_never_repeats_what_was_sent() -> None:
    error = refusal(ChatRequest, chat(messages=[{"role": "user", "content": {"secret": "words"}}]))
    assert "words" not in json.dumps(error.error)


def test_more_tokens_than_the_context_holds_are_refused() -> None:
    error = refusal(CompletionRequest, b'{"model":"demo","prompt":"x","max_tokens":4097}')
    assert error.error["code"] == "context_length_exceeded"


def test_images_are_refused_where_nothing_sees_them() -> None:
    assert "no vision encoder" in str(refusal(ChatRequest, image(png(8, 8))))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (image(png(100_000, 100_000)), "pixels"),
        (image(b"GIF89a"), "is needed"),
        (image(b"%PDF-1.4", "jpeg"), "is needed"),
        (image_url("http://169.254.169.254/"), "no address is fetched"),
        (image_url("data:image/png;base64,@@@"), "base64"),
    ],
)  # fmt: skip
def test_an_image_is_measured_before_anything_decodes_it(body: bytes, reason: str) -> None:
    with pytest.raises(ApiError, match=reason):
        check(parse(ChatRequest, body), replace(LIMITS, max_images=2))
    check(parse(ChatRequest, image(png(640, 480))), replace(LIMITS, max_images=2))


def test_sizes_are_read_from_each_kind_of_image() -> None:
    jpeg = b"\xff\xd8\xff\xe0\x00\x04ab" + b"\xff\xc0\x00\x0b\x08\x00\x10\x00\x20\x01\x01\x11\x00"
    webp = b"RIFF\x00\x00\x00\x00WEBPVP8X" + b"\x0a\x00\x00\x00" + b"\x00" * 4 + b"\x1f\x00\x00" + b"\x0f\x00\x00"
    assert [pixels(data) for data in (png(32, 16), jpeg, webp)] == [512, 512, 512]


@given(
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF1234WEBPVP8 ", b"RIFF1234WEBPVP8L"]), st.binary()
)
def test_any_bytes_are_measured_or_refused(start: bytes, rest: bytes) -> None:
    found = pixels(start + rest)
    assert found is None or found > 0


def models(gateway: Gateway, authorization: str | None) -> int:
    headers = {} if authorization is None else {"Authorization": authorization}
    return httpx.get(f"{gateway.url}/v1/models", headers=headers).status_code


def test_without_any_key_loopback_is_open(gateway: Make) -> None:
    assert models(gateway(), None) == 200


def test_where_keys_are_required_nobody_enters_without_one(gateway: Make) -> None:
    assert models(gateway(keys_required=True), None) == 401


@pytest.mark.parametrize(
    "authorization",
    [
        None, "", "Bearer", "Bearer x", f"Basic {KEY}", f"Bearer {KEY}x", f"Bearer {KEY[:-1]}",
        "Bearer qk_00000000_s3cret", "Bearer qk__", "Bearer _ _",
    ],
)  # fmt: skip
def test_a_wrong_key_opens_nothing(gateway: Make, authorization: str | None) -> None:
    assert models(gateway(ring=RING), authorization) == 401


def test_the_right_key_opens_until_it_is_revoked(gateway: Make) -> None:
    made = gateway(ring=RING)
    assert models(made, f"Bearer {KEY}") == 200
    made.ring = KeyRing(PEPPER, (replace(RING.keys[0], revoked_at="2026-01-02T00:00:00+00:00"),))
    assert models(made, f"Bearer {KEY}") == 401


def test_the_fleets_own_route_takes_its_token_and_no_users_key(gateway: Make) -> None:
    url = f"{gateway(ring=RING).url}/qorch/v1/replicas"
    assert httpx.get(url, headers={"Authorization": f"Bearer {KEY}"}).status_code == 401
    assert httpx.get(url, headers={"Authorization": f"Bearer {ADMIN_TOKEN}"}).status_code == 200


def test_every_refusal_has_the_shape_that_openai_clients_read(gateway: Make) -> None:
    answer = httpx.post(f"{gateway().url}/v1/chat/completions", content=b"{}")
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
