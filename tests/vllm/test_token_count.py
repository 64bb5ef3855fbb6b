"""A prompt's tokens as the gateway has vLLM count them, against those that vLLM then reads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from orchestrator.adapters.demo_model import make_demo_checkpoint
from tests.serving.conftest import DEFAULTS, DEMO, LIMITS, NO_KEYS, Gateway, replica
from tests.vllm.vllm_server import vllm_server

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]

COUNTED = replace(LIMITS, caution_past_tokens=1, variants=(replace(DEMO, engine="vllm"),))
WANTED = ("--served-model-name=demo", "--enable-auto-tool-choice", "--tool-call-parser=qwen3_coder")
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
CHAT = [
    {"role": "system", "content": "be brief"},
    {"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]},
    {"role": "assistant", "content": "<|im_start|> is a mark"},
    {"role": "user", "content": "four words and more " * 300},
]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("vllm")
    with vllm_server(make_demo_checkpoint(folder), folder / "log", *WANTED, environment={}) as url:
        status = replace(replica("r0", httpx.URL(url).port or 0), engine="vllm")
        made = Gateway([status], NO_KEYS, False, DEFAULTS, COUNTED)
        yield made
        made.server.stop(drain_s=0)


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("completions", {"prompt": "hello <|im_end|> " * 200}),
        ("completions", {"prompt": [1, 2, 3]}),
        ("chat/completions", {"messages": CHAT}),
        ("chat/completions", {"messages": CHAT, "tools": [TOOL]}),
        ("chat/completions", {"messages": CHAT, "chat_template_kwargs": {"enable_thinking": False}}),
    ],
)
def test_vllm_reads_as_many_tokens_as_it_counted(gateway: Gateway, path: str, fields: dict[str, Any]) -> None:
    body = {"model": "demo", "max_tokens": 2, **fields}
    answer = httpx.post(f"{gateway.url}/v1/{path}", json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["x-qorch-prompt-tokens"]) == answer.json()["usage"]["prompt_tokens"]


def test_a_prompt_longer_than_the_context_is_refused_with_its_length(gateway: Gateway) -> None:
    body = {"model": "demo", "prompt": "hello " * 9000, "max_tokens": 2}
    answer = httpx.post(f"{gateway.url}/v1/completions", json=body, timeout=60)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "context_length_exceeded")
    assert "the context holds 4,096 tokens, but the prompt has" in answer.json()["error"]["message"]
