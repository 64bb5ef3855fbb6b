"""A prompt's tokens, counted by the tokenizer of an engine: how each engine is asked.

llama.cpp: `/apply-template` and `/tokenize`, tools/server/README.md. vLLM 0.33.0: `/tokenize`, which takes a chat as it
is, vllm/entrypoints/serve/tokenize/protocol.py. Ollama has no such route.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from orchestrator.core.profile import EngineName
from orchestrator.core.variant_limits import Variants, names
from orchestrator.serving.gateway.api_errors import ApiError, engine_failed, no_engine_ready
from orchestrator.serving.gateway.relay import Call, Relay
from orchestrator.serving.gateway.request_schema import ChatRequest, CompletionRequest
from orchestrator.serving.gateway.waiters import Ticket

TEMPLATE_FIELDS = {"messages", "tools", "chat_template_kwargs"}

Ask = Callable[[str, Mapping[str, Any], str], Awaitable[Any]]  # a path, what is sent there, the answer's field
Counter = Callable[[Ask, str, Mapping[str, Any] | str], Awaitable[int]]  # of the model's chat or text


async def _with_llama_cpp(ask: Ask, model: str, prompt: Mapping[str, Any] | str) -> int:
    text = prompt if isinstance(prompt, str) else await ask("/apply-template", prompt, "prompt")
    return len(await ask("/tokenize", {"content": text, "parse_special": True}, "tokens"))


async def _with_vllm(ask: Ask, model: str, prompt: Mapping[str, Any] | str) -> int:
    fields = {"prompt": prompt} if isinstance(prompt, str) else prompt
    return int(await ask("/tokenize", {"model": model, **fields}, "count"))


COUNTERS: Mapping[str, Counter] = {
    EngineName.LLAMA_CPP.value: _with_llama_cpp,
    EngineName.VLLM.value: _with_vllm,
}


class TokenCount:
    """Asks the engines that can count."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    async def __call__(self, wanted: ChatRequest | CompletionRequest, variants: Variants, ticket: Ticket | None) -> int:
        """The tokens of a prompt without its images, by any engine of `variants`; raises ApiError.

        Where none of them is ready, who gives a ticket waits.
        """
        if isinstance(wanted, CompletionRequest) and not isinstance(wanted.prompt, str):
            return len(wanted.prompt)
        prompt = _chat(wanted) if isinstance(wanted, ChatRequest) else str(wanted.prompt)
        kinds = dict.fromkeys(variant.engine for variant in variants)
        if ticket is not None:
            kinds = {await self._relay.ready(names(variants), ticket): None} | kinds
        failure = no_engine_ready()
        for engine in kinds:
            able = names(tuple(variant for variant in variants if variant.engine == engine))
            try:
                return await COUNTERS[engine](self._asker(able, ticket), wanted.model, prompt)
            except ApiError as error:
                failure, ticket = error, None
        raise failure

    def _asker(self, able: frozenset[str], ticket: Ticket | None) -> Ask:
        async def ask(path: str, data: Mapping[str, Any], field: str) -> Any:
            answer = await self._relay.ask(Call(path, json.dumps(data).encode(), "count", able, ticket))
            try:
                return json.loads(answer.body)[field]
            except (ValueError, KeyError):
                raise engine_failed() from None

        return ask


def _chat(wanted: ChatRequest) -> dict[str, Any]:
    """What the chat template makes a prompt of, without the images."""
    data = wanted.model_dump(mode="json", include=TEMPLATE_FIELDS, exclude_unset=True)
    for message in data["messages"]:
        if isinstance(message.get("content"), list):
            message["content"] = [part for part in message["content"] if part["type"] == "text"]
    return data
