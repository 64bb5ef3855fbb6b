"""Real clients, the gateway, and the real llama.cpp behind it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from orchestrator.adapters.demo_model.tokenizer import END_OF_TEXT, IM_END, demo_tokenizer
from orchestrator.app.ports import Engine
from orchestrator.core.api_keys import KeyRing, new_key, presented
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.serving.engines import make_engine
from tests.serving.conftest import MAX_MODEL_LEN, NO_HOLD, Gateway, Make
from tests.serving.raw import chat, connect, exchange, post, read_all, status
from tests.serving.test_schema_bounds import BOMB, answers_as, called_with

pytestmark = pytest.mark.anyio

MESSAGES: Any = [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}]
WANT_USAGE: Any = {"include_usage": True}


@pytest.fixture
def made(gateway: Make, llama: Engine) -> Gateway:
    return gateway(llama.port)


@pytest.fixture
async def web() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30) as client:
        yield client


def client_of(made: Gateway, key: str = "none") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{made.url}/v1", api_key=key, max_retries=0)


# -- the openai client


def test_the_openai_client_gets_whole_answers_with_usage(made: Gateway) -> None:
    client = client_of(made)
    whole = client.chat.completions.create(model="demo", messages=MESSAGES, max_tokens=6, seed=1)
    assert whole.usage is not None
    assert whole.usage.completion_tokens == 6
    assert whole.usage.total_tokens == whole.usage.prompt_tokens + 6
    two = client.chat.completions.create(model="demo", messages=MESSAGES, max_tokens=6, n=2)
    assert [choice.finish_reason for choice in two.choices] == ["length"] * 2
    completion = client.completions.create(model="demo", prompt="hello", max_tokens=6, logprobs=2)
    assert completion.choices[0].text
    assert completion.usage is not None
    assert completion.usage.completion_tokens == 6
    by_tokens = client.completions.create(model="demo", prompt=[1, 2, 3], max_tokens=1)
    assert by_tokens.usage is not None
    assert by_tokens.usage.prompt_tokens == 3


def test_the_openai_client_gets_streams_with_usage(made: Gateway) -> None:
    client = client_of(made)
    chunks = list(
        client.chat.completions.create(
            model="demo", messages=MESSAGES, max_completion_tokens=6, stream=True, stream_options=WANT_USAGE
        )
    )
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == 6
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "length"
    pieces = client.completions.create(model="demo", prompt="hello", max_tokens=6, stream=True)
    assert "".join(piece.choices[0].text for piece in pieces)


async def test_the_async_openai_client_gets_many_streams_at_once(made: Gateway) -> None:
    async with openai.AsyncOpenAI(base_url=f"{made.url}/v1", api_key="none", max_retries=0) as client:

        async def tokens() -> int:
            stream = await client.completions.create(
                model="demo", prompt="hello", max_tokens=20, stream=True, stream_options=WANT_USAGE
            )
            usage = [chunk.usage async for chunk in stream][-1]
            assert usage is not None
            return usage.completion_tokens

        assert await asyncio.gather(*(tokens() for _ in range(12))) == [20] * 12


def test_the_openai_client_lists_the_models(made: Gateway) -> None:
    assert [model.id for model in client_of(made).models.list()] == ["demo"]


def test_the_openai_client_raises_the_error_of_each_kind(gateway: Make, llama: Engine) -> None:
    ring = KeyRing(b"p", (new_key("0a0a0a0a", "secret", "n", b"p", ""),))
    client = client_of(gateway(llama.port, ring=ring), key=presented("0a0a0a0a", "secret"))
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="wrong").models.list()
    with pytest.raises(openai.NotFoundError, match="demo"):
        client.chat.completions.create(model="other", messages=MESSAGES)
    with pytest.raises(openai.BadRequestError, match="unknown field: grammar"):
        client.chat.completions.create(model="demo", messages=MESSAGES, extra_body={"grammar": "root ::= 'a'"})
    with pytest.raises(openai.BadRequestError) as raised:
        client.chat.completions.create(model="demo", messages=MESSAGES, max_tokens=MAX_MODEL_LEN + 1)
    assert (raised.value.code, raised.value.param) == ("context_length_exceeded", "max_tokens")
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="demo", messages=MESSAGES, n=8)  # more than the engine has slots
    assert client.completions.create(model="demo", prompt="x", max_tokens=1).choices


def test_structured_answers_follow_their_schema(made: Gateway) -> None:
    schema = {"type": "object", "properties": {"a": {"enum": ["x", "y"]}}, "required": ["a"]}
    body = {**json.loads(answers_as(schema)), "max_tokens": 64, "temperature": 0}
    body["chat_template_kwargs"] = {"enable_thinking": False}
    answer = httpx.post(f"{made.url}/v1/chat/completions", json=body)
    assert json.loads(answer.json()["choices"][0]["message"]["content"]) in ({"a": "x"}, {"a": "y"})


# -- curl


def curl(made: Gateway, *arguments: str) -> str:
    command = ["curl", "-sS", "--max-time", "10", *arguments, f"{made.url}/v1/chat/completions"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("how", [(), ("--http1.0",), ("--http2",), ("-H", "Expect: 100-continue")])
def test_curl_gets_an_answer_however_it_asks(made: Gateway, how: tuple[str, ...]) -> None:
    answer = json.loads(curl(made, *how, "--data-raw", chat(max_tokens=3).decode()))
    assert answer["usage"]["completion_tokens"] == 3


def test_curl_sees_a_stream_of_events(made: Gateway) -> None:
    answer = curl(made, "-N", "-i", "--data-raw", chat(max_tokens=3, stream=True).decode())
    head, _, body = answer.partition("\n\n")
    assert "content-type: text/event-stream" in head
    events = body.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    assert all(json.loads(event.removeprefix("data: ")) for event in events[:-2])


def test_a_client_that_half_closes_gets_a_short_answer_all_the_same(made: Gateway) -> None:
    with connect(made.port) as client:
        client.sendall(post(chat(max_tokens=1)))
        client.shutdown(socket.SHUT_WR)
        assert status(read_all(client)) == 200


# -- context


async def test_the_context_is_counted_exactly_where_it_matters(made: Gateway, web: httpx.AsyncClient) -> None:
    url = f"{made.url}/v1/completions"
    prompt = " the" * 3000
    fits = await web.post(url, json={"model": "demo", "prompt": prompt, "max_tokens": 4})
    assert fits.status_code == 200
    assert fits.json()["usage"]["prompt_tokens"] == 3000
    assert "3000 tokens" in fits.headers["warning"]
    assert fits.headers["x-qorch-prompt-tokens"] == "3000"
    edge = await web.post(url, json={"model": "demo", "prompt": prompt, "max_tokens": 1096, "stop": [" ", "e"]})
    assert edge.status_code == 200
    over = await web.post(url, json={"model": "demo", "prompt": prompt, "max_tokens": 1097})
    assert over.json()["error"]["code"] == "context_length_exceeded"
    assert "3,000 tokens" in over.json()["error"]["message"]
    short = await web.post(url, json={"model": "demo", "prompt": " the" * 500, "max_tokens": 4})
    assert "warning" not in short.headers


async def test_a_chat_is_counted_with_its_template_and_tools(made: Gateway, web: httpx.AsyncClient) -> None:
    url = f"{made.url}/v1/chat/completions"
    tool = {"type": "function", "function": {"name": "f", "description": " the" * 500, "parameters": {}}}
    messages = [{"role": "developer", "content": "x"}, {"role": "user", "content": " the" * 2500}]
    answer = await web.post(url, json={"model": "demo", "messages": messages, "tools": [tool], "max_tokens": 1})
    assert answer.status_code == 200
    assert int(answer.headers["x-qorch-prompt-tokens"]) == answer.json()["usage"]["prompt_tokens"] > 3000
    long = [{"role": "user", "content": " the" * 4200}]
    refused = await web.post(url, json={"model": "demo", "messages": long, "stream": True})
    assert refused.json()["error"]["code"] == "context_length_exceeded"


async def test_an_answer_ends_where_the_context_does(made: Gateway, web: httpx.AsyncClient) -> None:
    body = {"model": "demo", "prompt": " the" * 4000, "stream": True, "stream_options": WANT_USAGE}
    answer = await web.post(f"{made.url}/v1/completions", json=body)
    events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    assert events[-1]["usage"]["total_tokens"] == MAX_MODEL_LEN
    assert answer.text.endswith("data: [DONE]\n\n")


# -- clients and engines that go


async def idle(llama: Engine) -> float:
    """The seconds until the engine works on nothing."""
    started_s = time.monotonic()
    while (await llama.load()).num_requests_running:
        await asyncio.sleep(0.02)
        assert time.monotonic() - started_s < 3
    return time.monotonic() - started_s


async def test_a_client_that_leaves_a_stream_stops_the_engines_work_within_a_second(
    made: Gateway, llama: Engine, web: httpx.AsyncClient
) -> None:
    never_ends = {str(demo_tokenizer().ids[name]): -100 for name in (END_OF_TEXT, IM_END)}
    body = {"model": "demo", "prompt": "hello", "max_tokens": 4000, "stream": True, "logit_bias": never_ends}
    async with web.stream("POST", f"{made.url}/v1/completions", json=body) as answer:
        lines = answer.aiter_lines()  # kept: one that is let go of ends the stream
        first = await anext(lines)
        assert (answer.status_code, first[:17]) == (200, 'data: {"choices":')
        assert (await llama.load()).num_requests_running == 1
    assert await idle(llama) < 1


async def test_clients_that_wait_for_whole_answers_and_leave_stop_the_engines_work_too(
    made: Gateway, llama: Engine
) -> None:
    """llama.cpp itself looks only once a second whether who waits for a whole answer is still there, or never."""
    before = (await llama.load()).generation_tokens_total
    request = post(chat(max_tokens=4000))
    waiting = [asyncio.to_thread(exchange, made.port, request, timeout_s=0.2) for _ in range(4)]
    assert await asyncio.gather(*waiting) == [b""] * 4
    assert await idle(llama) < 1
    assert (await llama.load()).generation_tokens_total - before < 4 * 3900


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("/v1/chat/completions", {"messages": MESSAGES}),
        ("/v1/chat/completions", {"messages": MESSAGES, "logprobs": True, "top_logprobs": 2}),
        ("/v1/chat/completions", {"messages": MESSAGES, "n": 3}),
        ("/v1/chat/completions", {"messages": MESSAGES, "max_tokens": 64, "response_format": {"type": "json_object"}}),
        ("/v1/completions", {"prompt": "hello"}),
        ("/v1/completions", {"prompt": "hello", "logprobs": 2}),
        ("/v1/completions", {"prompt": "hello", "stop": ["e", "a"]}),
    ],
)
async def test_a_whole_answer_is_the_one_that_the_engine_gives(
    made: Gateway, llama: Engine, web: httpx.AsyncClient, path: str, fields: dict[str, Any]
) -> None:
    body = {"model": "demo", "max_tokens": 8, "temperature": 0, **fields}
    ours = (await web.post(f"{made.url}{path}", json=body)).json()
    its = (await web.post(f"http://127.0.0.1:{llama.port}{path}", json=body)).json()
    assert ours["choices"] == its["choices"]
    assert set(ours) == set(its)
    assert ours["object"] == its["object"]
    assert ours["usage"]["prompt_tokens"] == its["usage"]["prompt_tokens"]
    assert ours["usage"]["completion_tokens"] == its["usage"]["completion_tokens"] * fields.get("n", 1)


async def test_an_engine_killed_in_a_stream_ends_it_with_a_typed_error(
    gateway: Make, spec: EngineSpec, tmp_path: Path, web: httpx.AsyncClient
) -> None:
    engine = make_engine(replace(spec, log_dir=str(tmp_path)), tmp_path / "engine.log")
    await engine.start()
    made = gateway(engine.port, hold=NO_HOLD)
    body = {"model": "demo", "prompt": "hello", "max_tokens": 4000, "stream": True}
    async with web.stream("POST", f"{made.url}/v1/completions", json=body) as answer:
        lines = answer.aiter_lines()
        await anext(lines)
        os.kill(engine.pid, signal.SIGKILL)
        rest = [line[6:] async for line in lines if line]
    assert rest[-1] == "[DONE]"
    error = json.loads(rest[-2])["error"]
    assert (error["code"], error["request_id"]) == ("engine_died", answer.headers["x-request-id"])
    assert all("choices" in json.loads(line) for line in rest[:-2])
    assert (await web.post(f"{made.url}/v1/completions", json=body)).status_code == 503
    await engine.stop()


async def test_a_request_whose_engine_is_gone_is_answered_by_another(
    gateway: Make, llama: Engine, spec: EngineSpec, tmp_path: Path, web: httpx.AsyncClient
) -> None:
    engine = make_engine(spec, tmp_path / "engine.log")
    await engine.start()
    made = gateway(engine.port, llama.port)
    os.kill(engine.pid, signal.SIGKILL)
    await engine.wait()
    body = {"model": "demo", "prompt": "hello", "max_tokens": 2}
    answers = await asyncio.gather(*(web.post(f"{made.url}/v1/completions", json=body) for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    await engine.stop()


async def test_no_request_that_is_known_to_kill_the_engine_reaches_it(
    made: Gateway, llama: Engine, web: httpx.AsyncClient
) -> None:
    url = f"{made.url}/v1/chat/completions"
    loop = {"$defs": {"c": {"$ref": "#/$defs/c"}}, "allOf": [{"$ref": "#/$defs/c"}]}
    crossed = {"type": "string", "minLength": 9, "maxLength": 1}
    bodies = [answers_as(schema) for schema in (loop, crossed, {"type": "string", "pattern": BOMB})]
    bodies += [called_with("[" * 100_000 + "]" * 100_000)]
    prefill = [{"role": "assistant", "content": "<|im_end|>"}]
    bodies += [chat(messages=prefill, response_format={"type": "json_object"})]
    for body in bodies:
        assert (await web.post(url, content=body)).status_code == 400
    await llama.check()
    assert (await web.post(url, content=chat(max_tokens=1))).status_code == 200
