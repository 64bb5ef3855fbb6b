"""Is there room in the context? Asked before an engine works, exactly only where a bound does not settle it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from orchestrator.core.variant_limits import (
    ImageTokens,
    Variants,
    holding,
    holding_counted,
    holding_most,
    most_images,
    taking_images,
    uncounted,
)
from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.images import measured_images, tokens_by_engine
from orchestrator.serving.gateway.reply import Header
from orchestrator.serving.gateway.token_count import COUNTERS
from orchestrator.serving.gateway.validation import GenerationRequest, prompt_too_long
from orchestrator.serving.gateway.waiters import Ticket

NOT_COUNTED: Header = (
    "warning",
    '199 qorch "the engine cannot count tokens: of a prompt longer than its context it drops the oldest messages"',
)

# The tokens of a prompt's text; who gives a ticket waits for an engine that counts.
Count = Callable[[GenerationRequest, Variants, Ticket | None], Awaitable[int]]


@dataclass(frozen=True)
class Admission:
    """The variants that can take a request, and warning headers for its answer."""

    able: Variants
    headers: tuple[Header, ...] = ()


class ContextGuard:
    """Counts a prompt's tokens with an engine's own tokenizer when a cheap upper bound is not enough."""

    def __init__(self, count: Count, caution_past_tokens: int) -> None:
        self._count = count
        self._caution_past_tokens = caution_past_tokens

    async def admit(self, wanted: GenerationRequest, able: Variants, ticket: Ticket) -> Admission:
        """Those of the variants in which images, prompt and answer fit; raises ApiError where it is none."""
        measured = measured_images(wanted.images, most_images(able))
        able = taking_images(able, len(wanted.images))
        images = tokens_by_engine(measured, {variant.engine for variant in able})
        sure = holding(able, ticket.prompt_tokens + (wanted.wanted_tokens or 1), images)
        if sure == able and ticket.prompt_tokens + _most(images) <= self._caution_past_tokens:
            return Admission(able)
        if uncounted(able, COUNTERS) == able:
            return Admission(sure or holding_most(able), (NOT_COUNTED,))
        return await self._by_count(wanted, able, images, ticket)

    async def _by_count(
        self, wanted: GenerationRequest, able: Variants, images: ImageTokens, ticket: Ticket
    ) -> Admission:
        to_come = wanted.wanted_tokens or 1
        most = ticket.prompt_tokens + to_come
        others = uncounted(holding(able, most, images), COUNTERS)
        counting = tuple(variant for variant in able if variant.engine in COUNTERS)
        try:
            text = await self._count(wanted, counting, None if others else ticket)
        except ApiError:
            if others:
                return Admission(others)
            raise
        holds = holding_counted(able, COUNTERS, most, text + to_come, images)
        if not holds:
            raise prompt_too_long(text + min(images.values(), default=0), wanted, able)
        return Admission(holds, self._warnings(text + _most(images)))

    def _warnings(self, prompt_tokens: int) -> tuple[Header, ...]:
        caution = self._caution_past_tokens
        if prompt_tokens <= caution:
            return ()
        text = f"the prompt has {prompt_tokens} tokens; past {caution} the model follows instructions less well"
        return ("warning", f'199 qorch "{text}"'), ("x-qorch-prompt-tokens", str(prompt_tokens))


def _most(images: ImageTokens) -> int:
    return max(images.values(), default=0)
