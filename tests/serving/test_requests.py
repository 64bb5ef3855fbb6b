"""What a request may say."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.request_schema import ChatRequest, CompletionRequest
from orchestrator.serving.gateway.service import engine_body
from orchestrator.serving.gateway.validation import check, most_text_tokens, parse
from tests.serving.conftest import LIMITS, Make, Start
from tests.serving.raw import chat
from tests.serving.scripted_engine import good, good_whole, whole

Kind = type[ChatRequest] | type[CompletionRequest]


def refusal(kind: Kind, body: bytes) -> ApiError:
    with pytest.raises(ApiError) as raised:
        check(parse(kind, body), LIMITS)
    return raised.value


def completion(**fields: Any) -> bytes:
    return json.dumps({"model": "demo", "prompt": "x", **fields}).encode()


@pytest.mark.parametrize(
    "field",
    [
        "chat_template", "prompt_embeds", "cache_salt", "id_slot", "n_predict", "grammar", "lora", "samplers",
        "mm_processor_kwargs", "guided_regex", "cache_prompt", "timings_per_token", "return_tokens", "json_schema",
        "__proto__",
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
        ({"temperature": float("nan")}, "temperature"),
        ({"top_p": float("-inf")}, "top_p"),
        ({"n": 9}, "n"),
        ({"n": 10**30}, "n"),
        ({"seed": -1}, "seed"),
        ({"top_logprobs": 21}, "top_logprobs"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_tokens": 10**400}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"stop": ["x"] * 17}, "stop"),
        ({"stop": ""}, "stop"),
        ({"logit_bias": {"1": 101}}, "logit_bias"),
        ({"logit_bias": {"1" * 300: 1}}, "logit_bias"),
        ({"messages": []}, "messages"),
        ({"messages": "x"}, "messages"),
        ({"messages": [{"role": "root", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user"}]}, "messages.0"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "x"}] * 65}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "y"}]}, "messages"),
        ({"top_logprobs": 3}, "None"),
        ({"chat_template_kwargs": {"enable_thinking": True, "x": 1}}, "chat_template_kwargs.x"),
        ({"model": "x" * 300}, "model"),
        ({"model": None}, "model"),
    ],
)
def test_a_value_out_of_bounds_is_refused_by_its_field(fields: dict[str, Any], param: str) -> None:
    assert str(refusal(ChatRequest, chat(**fields)).error["param"]).startswith(param)


@pytest.mark.parametrize("prompt", ["", [], [-1], [2**31], [1.5], ["x"], [[1]], {"a": 1}, None, 7, [1] * 300_000])
def test_a_prompt_is_text_or_token_ids(prompt: object) -> None:
    assert str(refusal(CompletionRequest, completion(prompt=prompt)).error["param"]).startswith("prompt")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (
            {"messages": [{"role": "user", "content": [{"type": "text", "text": 1}]}]},
            "messages.0.content.0.text.text: ",
        ),
        ({"messages": [{"role": "user", "content": [{"type": "audio"}]}]}, "messages.0.content.0: "),
        ({"messages": [{"role": "user", "content": 1}]}, "messages.0.content: "),
        ({"stop": [""]}, "stop.0: "),
        ({"nonsense": 1}, "unknown field: nonsense"),
    ],
)
def test_a_refusal_names_the_place_and_not_how_it_was_read(fields: dict[str, Any], message: str) -> None:
    assert str(refusal(ChatRequest, chat(**fields))).startswith(message)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"1", b"\xff\xfe", b"{}{}", b"\xef\xbb\xbf{}", b"[" * 100_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000, b'{"model":"\\ud800"}', b'{"model":"\xc0\x80"}', b'{"model":"a\x00"}',
        b'{"model":' + b"9" * 5000 + b"}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [ChatRequest, CompletionRequest])
def test_what_is_no_json_object_of_ours_is_refused(kind: Kind, body: bytes) -> None:
    assert refusal(kind, body).status == 400


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(body: bytes) -> None:
    with pytest.raises(ApiError):
        parse(ChatRequest, body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


FIELDS = sorted({*ChatRequest.model_fields, *CompletionRequest.model_fields})


@given(st.dictionaries(st.sampled_from(FIELDS), JSON), st.sampled_from([ChatRequest, CompletionRequest]))
def test_any_json_is_refused_or_reaches_an_engine_as_plain_json(fields: dict[str, Any], kind: Kind) -> None:
    body = chat(**fields) if kind is ChatRequest else completion(**fields)
    with contextlib.suppress(ApiError):
        json.loads(engine_body(parse(kind, body)), parse_constant=pytest.fail)


def test_a_refusal_never_repeats_what_was_sent() -> None:
    for fields in ({"messages": [{"role": "user", "content": {"secret": "words"}}]}, {"temperature": "words"}):
        assert "words" not in json.dumps(refusal(ChatRequest, chat(**fields)).error)


def test_a_model_that_is_not_served_is_not_found() -> None:
    error = refusal(ChatRequest, chat(model="other"))
    assert (error.status, error.error["code"]) == (404, "model_not_found")
    assert "demo" in str(error)


def test_an_adapter_is_asked_for_by_its_name_and_the_engine_hears_it_unchanged() -> None:
    limits = replace(LIMITS, loras=("mine", "other"))
    request = parse(ChatRequest, chat(model="mine"))
    check(request, limits)
    assert json.loads(engine_body(request))["model"] == "mine"
    with pytest.raises(ApiError, match="served: demo, mine, other"):
        check(parse(ChatRequest, chat(model="Mine")), limits)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (CompletionRequest, {"max_tokens": 4097}),
        (ChatRequest, {"max_tokens": 4097}),
        (ChatRequest, {"max_completion_tokens": 4097}),
    ],
)
def test_more_tokens_than_the_context_holds_are_refused(kind: Kind, fields: dict[str, Any]) -> None:
    body = chat(**fields) if kind is ChatRequest else completion(**fields)
    assert refusal(kind, body).error["code"] == "context_length_exceeded"


@given(st.lists(st.text(max_size=40), min_size=1, max_size=5))
def test_a_prompt_is_never_bounded_below_its_bytes(texts: list[str]) -> None:
    messages = [{"role": "user", "content": text} for text in texts]
    for ascii_only in (True, False):
        body = json.dumps({"model": "demo", "messages": messages}, ensure_ascii=ascii_only).encode()
        assert most_text_tokens(parse(ChatRequest, body), len(body)) >= sum(len(text.encode()) for text in texts)


@pytest.mark.anyio
async def test_every_refusal_has_the_shape_that_openai_clients_read(gateway: Make) -> None:
    url = gateway(keys_required=True).url
    async with httpx.AsyncClient() as client:
        answers = [
            await client.get(f"{url}/nowhere"),
            await client.get(f"{url}/v1/models"),
            await client.get(f"{url}/qorch/v1/look"),
            await client.get(f"{url}/ready"),
            await client.put(f"{url}/v1/models"),
        ]
    assert [answer.status_code for answer in answers] == [404, 401, 401, 503, 405]
    for answer in answers:
        assert answer.headers["content-type"] == "application/json"
        assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


@pytest.mark.anyio
async def test_tokens_are_counted_only_where_a_bound_does_not_settle_it(gateway: Make, scripted: Start) -> None:
    async def counts(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if b'"stream"' in engine.bodies[-1]:
            return await good(reader, writer)
        tokens = list(range(3000))
        await whole(writer, json.dumps({"prompt": "p", "tokens": tokens, "choices": []}).encode())

    engine, port = await scripted(counts)
    url = f"{gateway(port).url}/v1/chat/completions"
    async with httpx.AsyncClient() as client:
        short = await client.post(url, content=chat())
        assert (short.status_code, len(engine.bodies)) == (200, 1)
        long = await client.post(url, content=chat(messages=[{"role": "user", "content": "x" * 2100}]))
        assert (long.status_code, len(engine.bodies)) == (200, 4)
        assert long.headers["x-qorch-prompt-tokens"] == "3000"
        over = await client.post(url, content=chat(max_tokens=1097))
        assert (over.status_code, len(engine.bodies)) == (200, 5)
        over = await client.post(url, content=chat(max_tokens=4000))
        assert over.json()["error"]["code"] == "context_length_exceeded"


@pytest.mark.anyio
async def test_a_count_that_makes_no_sense_is_the_engines_failure(gateway: Make, scripted: Start) -> None:
    _, port = await scripted(good_whole)
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{gateway(port).url}/v1/chat/completions", content=chat(max_tokens=4000))
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "engine_failed")
