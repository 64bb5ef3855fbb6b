"""The demo through llama.cpp and through transformers' own Qwen 3.5: the same weights, the same probabilities."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.adapters.demo_model import make_demo_checkpoint, make_demo_gguf

pytestmark = pytest.mark.heavy

PROMPTS = (
    "hello",
    "the model serves tokens to the cluster",
    "Ünïcode, 数字 and 🙂 as well as\nlines",
    "a long prompt, so that chunked prefill is used: " + "scale the replica and drain the queue; " * 12,
)
TOP = 6


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Any:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = make_demo_checkpoint(tmp_path_factory.mktemp("checkpoint"))
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    return model, transformers.AutoTokenizer.from_pretrained(folder), torch


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    xllamacpp = pytest.importorskip("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = str(make_demo_gguf(Path(tmp_path_factory.mktemp("gguf"))))
    params.n_ctx, params.port, params.cache_ram_mib, params.fit_params = 4096, 0, 0, False
    server = xllamacpp.Server(params)
    yield str(server.listening_address)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_both_cut_a_text_into_the_same_tokens(prompt: str, reference: Any, url: str) -> None:
    _, tokenizer, _ = reference
    ours = httpx.post(f"{url}/tokenize", json={"content": prompt}).json()["tokens"]
    assert ours == tokenizer(prompt)["input_ids"]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_both_give_the_next_token_the_same_probabilities(prompt: str, reference: Any, url: str) -> None:
    model, tokenizer, torch = reference
    with torch.no_grad():
        logits = model(torch.tensor([tokenizer(prompt)["input_ids"]])).logits[0, -1]
    expected = torch.log_softmax(logits, -1)
    body = {"prompt": prompt, "n_predict": 1, "n_probs": TOP, "temperature": 0, "post_sampling_probs": False}
    answer = httpx.post(f"{url}/completion", json=body).json()["completion_probabilities"][0]["top_logprobs"]
    assert {entry["id"] for entry in answer} == set(expected.topk(TOP).indices.tolist())
    for entry in answer:
        assert math.isclose(entry["logprob"], expected[entry["id"]].item(), abs_tol=0.01)


def test_both_continue_a_prompt_with_the_same_words(reference: Any, url: str) -> None:
    model, tokenizer, torch = reference
    prompt = torch.tensor([tokenizer(PROMPTS[1])["input_ids"]])
    expected = model.generate(prompt, max_new_tokens=24, do_sample=False)[0, prompt.shape[1] :]
    body = {"prompt": PROMPTS[1], "n_predict": 24, "temperature": 0}
    answer = httpx.post(f"{url}/completion", json=body).json()["content"]
    assert answer == tokenizer.decode(expected)
