"""The real gateway before Ollama's stand-in: its names, its words, and what it would leave out in silence."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from orchestrator.core.api_keys import KeyRing, new_key, presented
from orchestrator.core.deployment import deployment_spec_from_data
from orchestrator.core.planned_deployment import Endpoint, ModelFiles, Places, deployment_spec
from orchestrator.core.wish import Wish
from orchestrator.serving.gateway.engine_request import translated
from tests.core.machines import machine, plan_for
from tests.ollama_stand_in import WORDS, Model, Ollama, ollama_stand_in
from tests.serving.conftest import DEFAULTS, DEMO, LIMITS, NO_HOLD, NO_KEYS, Gateway, replica

pytestmark = pytest.mark.anyio

TAG = "qwen3.5:9b"
OLLAMA = replace(DEMO, engine="ollama", max_images=4)
TAKEN = replace(LIMITS, served_model_names=("qwen3.5-9b", "qwen3.5-9b-ollama"), variants=(OLLAMA,))


@pytest.fixture
def server() -> Iterator[Ollama]:
    with ollama_stand_in(models={TAG: Model(TAG)}) as ollama:
        yield ollama


@pytest.fixture
def gateway(server: Ollama) -> Iterator[Gateway]:
    status = replace(replica("r0", server.port), engine="ollama", model=TAG)
    made = Gateway([status], NO_KEYS, keys_required=False, http=DEFAULTS, limits=TAKEN, hold=NO_HOLD)
    yield made
    made.server.stop(drain_s=0)


async def chat(gateway: Gateway, **fields: Any) -> httpx.Response:
    body = {"model": "qwen3.5-9b", "messages": [{"role": "user", "content": "hello"}], **fields}
    async with httpx.AsyncClient() as client:
        return await client.post(f"{gateway.url}/v1/chat/completions", json=body)


async def test_a_client_asks_by_our_name_and_ollama_is_asked_by_its_own(gateway: Gateway, server: Ollama) -> None:
    answer = await chat(gateway)
    assert answer.status_code == 200
    (asked,) = server.bodies("/v1/chat/completions")
    assert asked["model"] == TAG
    assert answer.json()["model"] == "qwen3.5-9b"
    message = answer.json()["choices"][0]["message"]
    assert (message["content"], message["reasoning"]) == ("".join(WORDS), "hmm")
    assert answer.json()["usage"]["total_tokens"] == 8


async def test_a_stream_passes_as_it_comes(gateway: Gateway) -> None:
    answer = await chat(gateway, stream=True)
    events = [line.removeprefix("data: ") for line in answer.text.splitlines() if line]
    deltas = [json.loads(event)["choices"][0]["delta"] for event in events[:-1]]
    assert "".join(delta.get("content", "") for delta in deltas) == "".join(WORDS)
    assert {json.loads(event)["model"] for event in events[:-1]} == {"qwen3.5-9b"}
    assert events[-1] == "[DONE]"


async def test_completions_and_readiness_reach_the_model_too(gateway: Gateway, server: Ollama) -> None:
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{gateway.url}/ready")).status_code == 200
        body = {"model": "qwen3.5-9b-ollama", "prompt": "Hello", "max_tokens": 2}
        answer = await client.post(f"{gateway.url}/v1/completions", json=body)
    assert answer.json()["choices"][0]["text"] == "".join(WORDS[:2])
    assert {asked["model"] for asked in server.bodies("/v1/completions")} == {TAG}


@pytest.mark.parametrize(("enable", "effort"), [(True, "medium"), (False, "none")])
async def test_thinking_is_turned_in_ollamas_words(gateway: Gateway, server: Ollama, enable: bool, effort: str) -> None:
    answer = await chat(gateway, chat_template_kwargs={"enable_thinking": enable})
    (asked,) = server.bodies("/v1/chat/completions")
    assert asked["reasoning_effort"] == effort
    assert "chat_template_kwargs" not in asked
    assert ("reasoning" in answer.json()["choices"][0]["message"]) is enable


async def test_what_was_thought_before_is_told_by_ollamas_name(gateway: Gateway, server: Ollama) -> None:
    said = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b", "reasoning_content": "c"},
        {"role": "user", "content": "d"},
    ]
    await chat(gateway, messages=said)
    (asked,) = server.bodies("/v1/chat/completions")
    assert asked["messages"][1] == {"role": "assistant", "content": "b", "reasoning": "c"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 2), ("top_k", 20), ("min_p", 0.1), ("logit_bias", {"1": 1}), ("tool_choice", "required"),
        ("tool_choice", "none"), ("tool_choice", {"type": "function", "function": {"name": "f"}}),
        ("parallel_tool_calls", False),
    ],
)  # fmt: skip
async def test_a_field_that_ollama_would_leave_out_is_refused_by_name(
    gateway: Gateway, server: Ollama, field: str, value: Any
) -> None:
    answer = await chat(gateway, **{field: value})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "unsupported_by_engine", field)
    assert "ollama" in error["message"]
    assert not server.asked


async def test_a_prompt_of_token_ids_is_refused(gateway: Gateway, server: Ollama) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{gateway.url}/v1/completions", json={"model": "qwen3.5-9b", "prompt": [1, 2]})
    assert answer.json()["error"]["param"] == "prompt"
    assert not server.asked


async def test_what_says_only_what_ollama_does_anyway_passes(gateway: Gateway) -> None:
    harmless = {"n": 1, "logit_bias": {}, "tool_choice": "auto", "parallel_tool_calls": True, "user": "u", "seed": 1}
    assert (await chat(gateway, **harmless)).status_code == 200


async def test_the_same_fields_reach_an_engine_that_takes_them(server: Ollama) -> None:
    limits = replace(TAKEN, variants=(replace(OLLAMA, engine="llama.cpp"),))
    made = Gateway([replace(replica("r0", server.port), model=TAG)], NO_KEYS, False, DEFAULTS, limits)
    assert (await chat(made, top_k=20)).status_code == 200
    made.server.stop(drain_s=0)


async def test_a_prompt_that_may_be_too_long_passes_with_a_warning(gateway: Gateway, server: Ollama) -> None:
    answer = await chat(gateway, messages=[{"role": "user", "content": "word " * 2000}])
    assert answer.status_code == 200
    assert "cannot count tokens" in answer.headers["warning"]
    assert {path for _, path, _ in server.asked} == {"/v1/chat/completions"}


async def test_a_clients_key_is_not_passed_on(server: Ollama) -> None:
    ring = KeyRing(b"pepper", (new_key("0" * 8, "s" * 43, "someone", b"pepper", "2026-01-01"),))
    made = Gateway([replace(replica("r0", server.port), model=TAG)], ring, True, DEFAULTS, TAKEN)
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {presented('0' * 8, 's' * 43)}"}) as client:
        body = {"model": "qwen3.5-9b", "prompt": "Hello"}
        assert (await client.post(f"{made.url}/v1/completions", json=body)).status_code == 200
    assert server.authorizations == {None}
    made.server.stop(drain_s=0)


async def test_a_server_that_is_gone_is_no_ready_engine(gateway: Gateway) -> None:
    with ollama_stand_in() as gone:
        pass
    gateway.server.call(gateway.table.update, [replace(replica("r1", gone.port), model=TAG)])
    answer = await chat(gateway)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "no_engine_ready")


async def test_a_name_that_ollama_has_lost_is_refused_without_its_words(gateway: Gateway, server: Ollama) -> None:
    server.models.clear()
    answer = await chat(gateway)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "refused_by_engine")


async def test_a_client_that_leaves_ends_its_request(gateway: Gateway, server: Ollama) -> None:
    server.word_pause_s = 0.05
    body = {"model": "qwen3.5-9b", "prompt": "Hello", "stream": True}
    async with (
        httpx.AsyncClient() as client,
        client.stream("POST", f"{gateway.url}/v1/completions", json=body) as answer,
    ):
        await anext(answer.aiter_raw())
    async with asyncio.timeout(5):
        while any(engine.in_flight for engine in gateway.table.engines):
            await asyncio.sleep(0.01)


def test_an_engine_that_answers_to_our_names_gets_the_same_bytes() -> None:
    body = b'{"model": "demo", "chat_template_kwargs": {"enable_thinking": false}}'
    said = translated(replica("r0", 1), body)
    assert said.body is body
    assert said.back(print) is print


def test_a_plans_deployment_says_which_engines_may_be_asked_and_that_a_tag_sees_images() -> None:
    plan = plan_for(machine(memory_gib=32), Wish("qwen3.5-9b-ollama"))
    places = Places("/logs", "/keys.json", "/token", "/claims", "/scaling.json")
    files = {"qwen3.5-9b-ollama": ModelFiles(TAG, None)}
    spec = deployment_spec("default", plan, files, places, Endpoint("127.0.0.1", 8000, False), {}, created_s=1)
    (limits,) = spec.gateway.variants
    assert (limits.engine, limits.max_images > 0) == ("ollama", True)
    assert (spec.variants[0].engine.engine, spec.variants[0].engine.model_path) == ("ollama", TAG)
    assert deployment_spec_from_data(json.loads(json.dumps(spec.to_data()))) == spec
