"""Images through the gateway and the real llama.cpp, over the demo that has a vision encoder."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import openai
import pytest

from orchestrator.adapters.demo_model import make_demo_gguf
from orchestrator.app.ports import Engine
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.serving.engines import make_engine
from tests.pictures import CHEQUERED, MEASURED_SIZES, MIRRORED, picture
from tests.serving.conftest import LIMITS, Gateway, Make

pytestmark = pytest.mark.anyio

TEXT: Any = {"type": "text", "text": "what is the state of the model"}


@pytest.fixture(scope="module")
async def sees(spec: EngineSpec, tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Engine]:
    folder = tmp_path_factory.mktemp("vision")
    model = make_demo_gguf(folder, "demo-vision")
    projector = model.with_name("mmproj-qorch-demo-vision-F16.gguf")
    engine = make_engine(
        replace(spec, model_path=str(model), mmproj_path=str(projector), log_dir=str(folder)), folder / "log"
    )
    await engine.start()
    yield engine
    await engine.stop()


@pytest.fixture
def made(gateway: Make, sees: Engine) -> Gateway:
    variant = replace(LIMITS.variants[0], max_images=2, max_model_len=4096)
    return gateway(sees.port, limits=replace(LIMITS, variants=(variant,)))


def asked(made: Gateway, *parts: Any) -> Any:
    client = openai.OpenAI(base_url=f"{made.url}/v1", api_key="none", max_retries=0)
    messages: Any = [{"role": "user", "content": list(parts)}]
    return client.chat.completions.create(model="demo", messages=messages, max_tokens=12, temperature=0, logprobs=True)


def likelihoods(answer: Any) -> list[float]:
    return [token.logprob for token in answer.choices[0].logprobs.content]


def image(url: str) -> Any:
    return {"type": "image_url", "image_url": {"url": url}}


def test_the_answer_depends_on_what_the_image_shows(made: Gateway) -> None:
    answers = [asked(made, image(one), TEXT).choices[0].message.content for one in (CHEQUERED, picture(320, 224))]
    assert answers[0] != answers[1]
    assert asked(made, image(CHEQUERED), TEXT).choices[0].message.content == answers[0]


def test_two_images_stand_where_they_were_put(made: Gateway) -> None:
    one_way = asked(made, image(CHEQUERED), image(picture(320, 224)), TEXT)
    other_way = asked(made, image(picture(320, 224)), image(CHEQUERED), TEXT)
    assert one_way.usage.prompt_tokens == other_way.usage.prompt_tokens
    assert abs(likelihoods(one_way)[0] - likelihoods(other_way)[0]) > 1e-3


@pytest.mark.parametrize(("size", "tokens"), [(size, tokens) for size, tokens, _ in MEASURED_SIZES[:9]])
def test_an_image_takes_the_tokens_that_the_gateway_reckons_with(
    made: Gateway, size: tuple[int, int], tokens: int
) -> None:
    without = asked(made, TEXT).usage.prompt_tokens
    assert asked(made, image(picture(*size)), TEXT).usage.prompt_tokens - without == tokens


def test_an_image_that_does_not_fit_the_context_is_refused_before_the_engine_works(made: Gateway) -> None:
    with pytest.raises(openai.BadRequestError, match="the prompt has 4,106 tokens"):
        asked(made, image(picture(1920, 1080)), image(picture(1920, 1080)), TEXT)


def test_three_images_are_one_too_many(made: Gateway) -> None:
    with pytest.raises(openai.BadRequestError, match="at most 2 images"):
        asked(made, *[image(MIRRORED)] * 3)


def test_the_engine_survives_an_image_whose_data_is_cut(made: Gateway) -> None:
    with pytest.raises(openai.BadRequestError):
        asked(made, image(CHEQUERED[: len(CHEQUERED) // 2 // 4 * 4 + 2]), TEXT)
    assert httpx.get(f"{made.url}/health").is_success
    assert asked(made, image(CHEQUERED), TEXT).usage.completion_tokens == 12
