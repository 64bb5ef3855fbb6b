"""Is there room in the context? Asked before an engine works, exactly only where a bound does not settle it."""

from __future__ import annotations

import json
from typing import Any

from orchestrator.serving.gateway.relay import Call, Relay
from orchestrator.serving.gateway.reply import Header
from orchestrator.serving.gateway.request_schema import ChatRequest
from orchestrator.serving.gateway.validation import (
    GenerationRequest,
    ModelLimits,
    check_context,
    most_prompt_tokens,
)


class ContextGuard:
    """Counts a prompt's tokens with the engine's own tokenizer when a cheap upper bound is not enough."""

    def __init__(self, relay: Relay, limits: ModelLimits) -> None:
        self._relay = relay
        self._limits = limits

    async def check(self, wanted: GenerationRequest, body_bytes: int) -> list[Header]:
        """Warning headers for the answer; raises ApiError when prompt and answer do not fit."""
        bound = most_prompt_tokens(wanted, body_bytes)
        room = self._limits.max_model_len - (wanted.wanted_tokens or 1)
        if bound <= min(room, self._limits.caution_past_tokens):
            return []
        prompt_tokens = await self._count(wanted)
        check_context(prompt_tokens, wanted, self._limits)
        return self._warnings(prompt_tokens)

    async def _count(self, wanted: GenerationRequest) -> int:
        if isinstance(wanted, ChatRequest):
            return await self._count_text(await self._render(wanted))
        return await self._count_text(wanted.prompt) if isinstance(wanted.prompt, str) else len(wanted.prompt)

    async def _render(self, wanted: ChatRequest) -> str:
        body = wanted.model_dump_json(include={"messages", "tools", "chat_template_kwargs"}, exclude_unset=True)
        return str((await self._ask("/apply-template", body.encode()))["prompt"])

    async def _count_text(self, text: str) -> int:
        body = json.dumps({"content": text, "parse_special": True}).encode()
        return len((await self._ask("/tokenize", body))["tokens"])

    async def _ask(self, path: str, body: bytes) -> Any:
        return json.loads((await self._relay.whole(Call(path, body, "count"))).body)

    def _warnings(self, prompt_tokens: int) -> list[Header]:
        caution = self._limits.caution_past_tokens
        if prompt_tokens <= caution:
            return []
        text = f"the prompt has {prompt_tokens} tokens; past {caution} the model follows instructions less well"
        return [("warning", f'199 qorch "{text}"'), ("x-qorch-prompt-tokens", str(prompt_tokens))]
