"""Is there room in the context? Asked before an engine works, exactly only where a bound does not settle it."""

from __future__ import annotations

import json
from typing import Any

from orchestrator.serving.gateway.api_errors import engine_failed
from orchestrator.serving.gateway.engine_request import UNCOUNTED
from orchestrator.serving.gateway.images import image_tokens
from orchestrator.serving.gateway.relay import Call, Relay
from orchestrator.serving.gateway.reply import Header
from orchestrator.serving.gateway.request_schema import ChatRequest
from orchestrator.serving.gateway.validation import (
    GenerationRequest,
    ModelLimits,
    check_context,
    most_text_tokens,
)

NOT_COUNTED = "the engine cannot count tokens: of a prompt longer than its context it drops the oldest messages"


class ContextGuard:
    """Counts a prompt's tokens with the engine's own tokenizer when a cheap upper bound is not enough."""

    def __init__(self, relay: Relay, limits: ModelLimits) -> None:
        self._relay = relay
        self._limits = limits

    async def check(self, wanted: GenerationRequest, body_bytes: int) -> list[Header]:
        """Warning headers for the answer; raises ApiError when prompt and answer do not fit."""
        images = image_tokens(wanted.images, self._limits.max_images)
        room = self._limits.max_model_len - (wanted.wanted_tokens or 1)
        if most_text_tokens(wanted, body_bytes) + images <= min(room, self._limits.caution_past_tokens):
            return []
        if not UNCOUNTED.isdisjoint(self._limits.engines):
            return [("warning", f'199 qorch "{NOT_COUNTED}"')]
        prompt_tokens = await self._count(wanted) + images
        check_context(prompt_tokens, wanted, self._limits)
        return self._warnings(prompt_tokens)

    async def _count(self, wanted: GenerationRequest) -> int:
        if isinstance(wanted, ChatRequest):
            return await self._count_text(await self._render(wanted))
        return await self._count_text(wanted.prompt) if isinstance(wanted.prompt, str) else len(wanted.prompt)

    async def _render(self, wanted: ChatRequest) -> str:
        """The prompt that the chat template makes, without the images."""
        fields = {"messages", "tools", "chat_template_kwargs"}
        data = wanted.model_dump(mode="json", include=fields, exclude_unset=True)
        for message in data["messages"]:
            if isinstance(message.get("content"), list):
                message["content"] = [part for part in message["content"] if part["type"] == "text"]
        return str(await self._ask("/apply-template", json.dumps(data).encode(), "prompt"))

    async def _count_text(self, text: str) -> int:
        body = json.dumps({"content": text, "parse_special": True}).encode()
        return len(await self._ask("/tokenize", body, "tokens"))

    async def _ask(self, path: str, body: bytes, field: str) -> Any:
        answer = await self._relay.ask(Call(path, body, "count"))
        try:
            return json.loads(answer.body)[field]
        except (ValueError, KeyError):
            raise engine_failed() from None

    def _warnings(self, prompt_tokens: int) -> list[Header]:
        caution = self._limits.caution_past_tokens
        if prompt_tokens <= caution:
            return []
        text = f"the prompt has {prompt_tokens} tokens; past {caution} the model follows instructions less well"
        return [("warning", f'199 qorch "{text}"'), ("x-qorch-prompt-tokens", str(prompt_tokens))]
