"""Several variants of one model behind one gateway: each request goes to those that can take it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.variant_limits import VariantLimits, Variants, names
from orchestrator.serving.gateway.api_errors import ApiError
from orchestrator.serving.gateway.context import Admission, ContextGuard
from orchestrator.serving.gateway.request_schema import ChatRequest
from orchestrator.serving.gateway.validation import GenerationRequest, ModelLimits, check, parse
from tests.serving.conftest import DEFAULTS, DEMO, LIMITS, NO_KEYS, Gateway, Start, replica
from tests.serving.raw import chat, wait_until
from tests.serving.scripted_engine import Script, ScriptedEngine, good, never_answers, whole
from tests.serving.test_images import png

SHORT = replace(DEMO, name="short", max_model_len=1024)
LONG = replace(DEMO, name="long", max_model_len=8192)
OLLAMA = VariantLimits("ollama", "ollama", 100_000, max_images=4)
Make = Callable[..., Gateway]


@dataclass(frozen=True)
class Fleet:
    """A gateway before one scripted engine for each variant."""

    gateway: Gateway
    engines: dict[str, ScriptedEngine]

    async def ask(self, **fields: Any) -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.post(f"{self.gateway.url}/v1/chat/completions", content=chat(**fields))

    def answered(self, name: str) -> int:
        """Requests for an answer, without those for a count."""
        return sum(b'"stream"' in body for body in self.engines[name].bodies)

    def counted(self, name: str) -> int:
        return len(self.engines[name].bodies) - self.answered(name)


Start_ = Callable[..., Any]


@pytest.fixture
def fleet(scripted: Start) -> Iterator[Start_]:
    """Starts fleets of these variants; their prompts have as many tokens as they have bytes, divided by four."""
    made: list[Gateway] = []

    async def start(*variants: VariantLimits, script: Script | None = None, max_in_flight: int = 64) -> Fleet:
        engines, replicas = {}, []
        for each in variants:
            engine, port = await scripted(script or counts_quarters())
            engines[each.name] = engine
            status = replica(each.name, port, max_in_flight)
            replicas.append(replace(status, deployment=each.name, engine=each.engine))
        limits = replace(LIMITS, variants=variants)
        made.append(Gateway(replicas, NO_KEYS, False, DEFAULTS, limits))
        return Fleet(made[-1], engines)

    yield start
    for each in made:
        each.server.stop(drain_s=0)


def counts_quarters() -> Script:
    ...
