"""Images through vLLM's CPU build and through llama.cpp over the same weights: the same tokens, the same words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.adapters.demo_model import make_demo_checkpoint, make_demo_gguf
from tests.adapters.demo_steps import llama_cpp
from tests.pictures import CHEQUERED, MIRRORED, PLAIN
from tests.vllm.vllm_server import vllm_server

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]

TOLERANCE = 0.08  # nats; seen: 0.012
QUESTION = "what is the state of the model"


def test_both_engines_see_the_same_in_an_image(tmp_path: Path) -> None:
    checkpoint, gguf = make_demo_checkpoint(tmp_path, "demo-vision"), make_demo_gguf(tmp_path, "demo-vision")
    projector = gguf.with_name("mmproj-qorch-demo-vision-F16.gguf")
    pictures = (CHEQUERED, MIRRORED, PLAIN)
    with llama_cpp(gguf, projector) as url:
        expected = [first_step(url, picture) for picture in pictures]
    with vllm_server(checkpoint, tmp_path / "log", "--served-model-name", "demo", environment={}) as url:
        found = [first_step(url, picture) for picture in pictures]
    assert [tokens for tokens, _ in found] == [tokens for tokens, _ in expected]
    apart = [
        abs(seen[token] - logprob)
        for (_, seen), (_, most_likely) in zip(found, expected, strict=True)
        for token, logprob in list(most_likely.items())[:3]
    ]
    print(f"at most {max(apart):.4f} nats between {len(apart)} log-probabilities")
    assert max(apart) < TOLERANCE
    assert expected[0] != expected[1]


def first_step(url: str, picture: str) -> tuple[int, dict[str, float]]:
    """The prompt's tokens, and the log-probabilities of the likeliest first tokens of the answer."""
    content: Any = [
        {"type": "image_url", "image_url": {"url": picture}},
        {"type": "text", "text": QUESTION},
    ]
    body = {"model": "demo", "messages": [{"role": "user", "content": content}], "max_tokens": 1, "temperature": 0}
    body |= {"logprobs": True, "top_logprobs": 10}
    answer = httpx.post(f"{url}/v1/chat/completions", json=body, timeout=120).raise_for_status().json()
    likeliest = answer["choices"][0]["logprobs"]["content"][0]["top_logprobs"]
    return answer["usage"]["prompt_tokens"], {each["token"]: each["logprob"] for each in likeliest}
