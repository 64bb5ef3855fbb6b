"""Several variants of one model behind one gateway: each request goes to those that can take it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.core.hold import HoldLimits
from orchestrator.core.image_tokens import image_tokens
from orchestrator.core.variant_limits import VariantLimits, Variants
from orchestrator.serving.gateway.api_errors import ApiError, no_engine_ready
from orchestrator.serving.gateway.context import NOT_COUNTED, Admission, ContextGuard
from orchestrator.serving.gateway.request_schema import ChatRequest
from orchestrator.serving.gateway.validation import GenerationRequest, check, most_text_tokens, parse
from orchestrator.serving.gateway.waiters import Ticket
from tests.serving.conftest import DEFAULTS, DEMO, HOLD, LIMITS, NO_HOLD, NO_KEYS, Gateway, Start, replica
from tests.serving.raw import chat, wait_until
from tests.serving.scripted_engine import Script, ScriptedEngine, good, never_answers, whole
from tests.serving.test_images import png

SHORT = replace(DEMO, name="short", max_model_len=1024)
LONG = replace(DEMO, name="long", max_model_len=8192)
SEES = replace(DEMO, name="sees", max_images=2)
OLLAMA = VariantLimits("ollama", "ollama", 8192, max_images=4)
IMAGE = "data:image/png;base64," + base64.b64encode(png(32, 32)).decode()


def words(count: int) -> list[dict[str, str]]:
    """A chat that the scripted engines count as `count` tokens."""
    return [{"role": "user", "content": "four" * count}]


def seen(*urls: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}} for url in urls]}]


def counting(asked: Callable[[], bytes]) -> Script:
    """Answers, and counts a token for each four characters, in the words of llama.cpp and of vLLM."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = json.loads(asked())
        if "stream" in data:
            return await good(reader, writer)
        text = data["content"] if "content" in data else data["messages"][0]["content"]
        tokens = [0] * (len(text) // 4)
        await whole(writer, json.dumps({"prompt": text, "tokens": tokens, "count": len(tokens)}).encode())

    return script


@dataclass(frozen=True)
class Fleet:
    """A gateway before one scripted engine for each variant."""

    gateway: Gateway
    engines: dict[str, ScriptedEngine]

    async def ask(self, **fields: Any) -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.post(f"{self.gateway.url}/v1/chat/completions", content=chat(**fields))

    async def takers(self, times: int = 4, **fields: Any) -> list[str]:
        """Who answers this request when it comes again and again."""
        answers = [await self.ask(**fields) for _ in range(times)]
        assert [answer.status_code for answer in answers] == [200] * times
        return sorted({answer.headers["x-qorch-replica"] for answer in answers})

    def see(self, *named: str) -> None:
        """Only these variants have a replica from now on."""
        replicas = [each.status for each in self.gateway.table.engines if each.status.deployment in named]
        self.gateway.server.call(self.gateway.table.update, replicas)

    def count_requests(self) -> int:
        return sum(b'"stream"' not in body for engine in self.engines.values() for body in engine.bodies)


StartFleet = Callable[..., Awaitable[Fleet]]


@pytest.fixture
def fleet(scripted: Start) -> Iterator[StartFleet]:
    """Starts fleets of these variants, one replica each, called like its variant."""
    made: list[Gateway] = []

    async def start(
        *variants: VariantLimits, script: Script | None = None, max_in_flight: int = 64, hold: HoldLimits = NO_HOLD
    ) -> Fleet:
        engines: dict[str, ScriptedEngine] = {}
        replicas = []
        for each in variants:
            name = each.name
            engines[name], port = await scripted(script or counting(lambda name=name: engines[name].bodies[-1]))  # type: ignore[misc]
            replicas.append(replace(replica(name, port, max_in_flight), deployment=name, engine=each.engine))
        made.append(Gateway(replicas, NO_KEYS, False, DEFAULTS, replace(LIMITS, variants=variants), hold))
        return Fleet(made[-1], engines)

    yield start
    for each in made:
        each.server.stop(drain_s=0)


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


# -- the context


@pytest.mark.anyio
async def test_what_every_variant_holds_goes_to_all_in_turn_and_is_not_counted(fleet: StartFleet) -> None:
    made = await fleet(SHORT, LONG)
    assert await made.takers() == ["long", "short"]
    assert made.count_requests() == 0


@pytest.mark.anyio
async def test_a_prompt_that_looks_long_and_is_not_goes_to_all_once_it_is_counted(fleet: StartFleet) -> None:
    made = await fleet(SHORT, LONG)
    assert await made.takers(messages=words(400)) == ["long", "short"]
    assert made.count_requests() == 8


@pytest.mark.parametrize(
    "fields", [{"messages": words(1100)}, {"max_tokens": 1025}, {"messages": words(30), "max_tokens": 1000}]
)
@pytest.mark.anyio
async def test_what_only_a_longer_context_holds_goes_there(fleet: StartFleet, fields: dict[str, Any]) -> None:
    assert await (await fleet(SHORT, LONG)).takers(**fields) == ["long"]


@pytest.mark.parametrize(
    ("fields", "param"), [({"messages": words(9000)}, "messages"), ({"max_tokens": 8193}, "max_tokens")]
)
@pytest.mark.anyio
async def test_what_no_context_holds_is_refused_with_the_longest(
    fleet: StartFleet, fields: dict[str, Any], param: str
) -> None:
    answer = await (await fleet(SHORT, LONG)).ask(**fields)
    assert told(answer) == (400, "context_length_exceeded")
    assert answer.json()["error"]["param"] == param
    assert "the context holds 8,192 tokens" in answer.json()["error"]["message"]


@pytest.mark.anyio
async def test_the_longest_context_is_the_one_that_is_published(fleet: StartFleet) -> None:
    made = await fleet(SHORT, LONG)
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{made.gateway.url}/v1/models")
    assert [model["max_model_len"] for model in answer.json()["data"]] == [8192]


# -- replicas that are away or full


@pytest.mark.anyio
async def test_while_no_replica_that_is_able_is_ready_the_client_is_told_to_come_back(fleet: StartFleet) -> None:
    made = await fleet(SHORT, LONG)
    made.see("short")
    answer = await made.ask(max_tokens=2000)
    assert (told(answer), answer.headers["retry-after"]) == ((503, "no_engine_ready"), "6")
    assert await made.takers() == ["short"]


@pytest.mark.anyio
async def test_when_all_that_are_able_are_full_the_others_room_is_of_no_use(fleet: StartFleet) -> None:
    made = await fleet(SHORT, LONG, script=never_answers, max_in_flight=1)
    waiting = asyncio.create_task(made.ask(max_tokens=2000))
    await asyncio.to_thread(wait_until, lambda: bool(made.engines["long"].bodies))
    assert told(await made.ask(max_tokens=2000)) == (429, "saturated")
    assert not made.engines["short"].bodies
    waiting.cancel()


# -- images and fields


@pytest.mark.anyio
async def test_images_go_to_the_variant_that_sees(fleet: StartFleet) -> None:
    made = await fleet(LONG, SEES)
    assert await made.takers(messages=seen(IMAGE)) == ["sees"]
    answer = await made.ask(messages=seen(*[IMAGE] * 3))
    assert "at most 2 images a request, got 3" in answer.json()["error"]["message"]


@pytest.mark.anyio
async def test_a_field_that_one_engine_does_not_know_goes_to_another(fleet: StartFleet) -> None:
    made = await fleet(SHORT, OLLAMA)
    assert await made.takers() == ["ollama", "short"]
    assert await made.takers(top_k=20) == ["short"]
    answer = await made.ask(top_k=20, max_tokens=2000)
    assert "the context holds 1,024 tokens" in answer.json()["error"]["message"]


# -- engines that cannot count


@pytest.mark.anyio
async def test_an_engine_that_cannot_count_is_asked_only_for_what_it_surely_holds(fleet: StartFleet) -> None:
    made = await fleet(replace(LONG, engine="vllm"), OLLAMA)
    assert await made.takers(messages=words(1500)) == ["long", "ollama"]
    assert await made.takers(messages=words(3000)) == ["long"]


@pytest.mark.anyio
async def test_where_nobody_who_can_count_is_ready_the_bound_alone_decides(fleet: StartFleet) -> None:
    made = await fleet(SHORT, OLLAMA)
    made.see("ollama")
    assert await made.takers(messages=words(400)) == ["ollama"]
    assert told(await made.ask(messages=words(3000))) == (503, "no_engine_ready")


@pytest.mark.anyio
async def test_where_none_can_count_a_prompt_that_may_be_too_long_goes_to_the_longest_context(
    fleet: StartFleet,
) -> None:
    made = await fleet(OLLAMA, replace(OLLAMA, name="small", max_model_len=1024))
    assert await made.takers(messages=words(1500)) == ["ollama"]
    answer = await made.ask(messages=words(3000))
    assert (answer.headers["x-qorch-replica"], answer.headers["warning"]) == ("ollama", NOT_COUNTED[1])


@pytest.mark.anyio
async def test_when_one_kind_of_engine_is_away_another_counts(fleet: StartFleet) -> None:
    made = await fleet(SHORT, replace(LONG, engine="vllm"))
    made.see("long")
    assert await made.takers(messages=words(400)) == ["long"]
    assert made.count_requests() == 4


@pytest.mark.anyio
async def test_a_prompt_is_held_for_whichever_kind_of_engine_counts_first(fleet: StartFleet) -> None:
    made = await fleet(SHORT, replace(LONG, engine="vllm"), hold=HOLD)
    seen = [each.status for each in made.gateway.table.engines if each.status.deployment == "long"]
    made.see()
    asked = asyncio.create_task(made.ask(messages=words(400)))
    await asyncio.to_thread(wait_until, lambda: made.gateway.service.hold.now().requests == 1)
    made.gateway.server.call(made.gateway.table.update, seen)
    assert (await asyncio.wait_for(asked, 5)).headers["x-qorch-replica"] == "long"


@pytest.mark.anyio
async def test_each_engine_that_counts_is_asked_in_its_own_words(fleet: StartFleet) -> None:
    for engine, paths in (("llama.cpp", 2), ("vllm", 1)):
        made = await fleet(replace(LONG, engine=engine))
        assert await made.takers(times=1, messages=words(2100)) == ["long"]
        assert made.count_requests() == paths


@pytest.mark.anyio
async def test_a_count_takes_no_engines_turn_to_answer(fleet: StartFleet) -> None:
    made = await fleet(replace(LONG, engine="vllm"), replace(LONG, name="other", engine="vllm"))
    assert await made.takers(messages=words(1500)) == ["long", "other"]


# -- any fleet, any request

ENGINES = ("llama.cpp", "vllm", "ollama")
VARIANTS = st.lists(
    st.builds(
        VariantLimits,
        name=st.uuids().map(str),
        engine=st.sampled_from(ENGINES),
        max_model_len=st.integers(1, 4000),
        max_images=st.integers(0, 2),
    ),
    min_size=1,
    max_size=4,
).map(tuple)


async def admitted(body: bytes, variants: Variants, ready: bool) -> Admission:
    async def count(wanted: GenerationRequest, asked: Variants, ticket: Ticket | None) -> int:
        assert not {"ollama"} & {each.engine for each in asked}
        if not ready:
            raise no_engine_ready()
        return text_tokens(wanted)

    limits = replace(LIMITS, variants=variants)
    wanted = parse(ChatRequest, body)
    ticket = Ticket(0, len(body), most_text_tokens(wanted, len(body)))
    return await ContextGuard(count, limits.caution_past_tokens).admit(wanted, check(wanted, limits), ticket)


def text_tokens(wanted: GenerationRequest) -> int:
    assert isinstance(wanted, ChatRequest)
    return sum(len(each.content) for each in wanted.messages if isinstance(each.content, str)) // 4


def takes(variant: VariantLimits, tokens: int, wanted: int, images: int, top_k: int | None) -> bool:
    knows = top_k is None or variant.engine != "ollama"
    taken = tokens + images * image_tokens(32, 32, variant.engine)
    return knows and images <= variant.max_images and taken + wanted <= variant.max_model_len


@given(VARIANTS, st.integers(1, 2000), st.integers(1, 3000), st.integers(0, 2), st.none() | st.just(20), st.booleans())
def test_a_request_is_refused_exactly_when_no_variant_takes_it(
    variants: Variants, words_: int, wanted: int, images: int, top_k: int | None, ready: bool
) -> None:
    fields = {"messages": [*words(words_), *(seen(*[IMAGE] * images) if images else [])], "max_tokens": wanted}
    body = chat(**fields, **({} if top_k is None else {"top_k": top_k}))
    able = [each for each in variants if takes(each, words_, wanted, images, top_k)]
    try:
        admission = asyncio.run(admitted(body, variants, ready))
    except ApiError as error:
        if error.status == 400:
            assert not able
        else:
            assert not ready
        return
    if NOT_COUNTED in admission.headers:
        assert {each.engine for each in admission.able} == {"ollama"}
    else:
        assert admission.able
        assert set(admission.able) <= set(able)
        assert {each for each in able if each.engine != "ollama"} <= set(admission.able) or not ready
