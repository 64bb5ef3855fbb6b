"""The demo through llama.cpp and through transformers' own Qwen 3.5: the same weights, the same probabilities."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.demo_model import make_demo_checkpoint, make_demo_gguf
from orchestrator.adapters.demo_model.dimensions import ARCHITECTURES
from tests.adapters.demo_steps import PROMPTS, STEPS, TOP, llama_cpp, steps, token_ids

pytestmark = pytest.mark.heavy

TOLERANCE = 0.01


@pytest.fixture(scope="module", params=ARCHITECTURES)
def model(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def reference(model: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder = make_demo_checkpoint(tmp_path_factory.mktemp("checkpoint"), model)
    network = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    return network, transformers.AutoTokenizer.from_pretrained(folder), torch


@pytest.fixture(scope="module")
def url(model: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with llama_cpp(make_demo_gguf(tmp_path_factory.mktemp("gguf"), model)) as address:
        yield address


@pytest.mark.parametrize("prompt", PROMPTS)
def test_both_cut_a_text_into_the_same_tokens(prompt: str, reference: Any, url: str) -> None:
    _, tokenizer, _ = reference
    assert token_ids(url, prompt) == tokenizer(prompt)["input_ids"]


@settings(max_examples=200)
@given(text=st.text(max_size=30).map(lambda text: unicodedata.normalize("NFC", text)))
def test_both_cut_any_text_into_the_same_tokens_and_transformers_joins_them(
    text: str, reference: Any, url: str
) -> None:
    """In the form NFC, which the checkpoint's tokenizer brings a text into and llama.cpp's does not."""
    _, tokenizer, _ = reference
    ours = httpx.post(f"{url}/tokenize", json={"content": text}).json()["tokens"]
    assert ours == tokenizer(text)["input_ids"]
    assert tokenizer.decode(ours) == text


@pytest.mark.parametrize("prompt", PROMPTS)
def test_both_give_every_next_token_the_same_probabilities(prompt: str, reference: Any, url: str) -> None:
    network, tokenizer, torch = reference
    taken = steps(url, prompt)
    ids = tokenizer(prompt)["input_ids"] + [step["id"] for step in taken]
    with torch.no_grad():
        rows = torch.log_softmax(network(torch.tensor([ids])).logits[0, -STEPS - 1 : -1], -1)
    assert len(taken) == STEPS
    differences = [
        abs(entry["logprob"] - row[entry["id"]].item())
        for step, row in zip(taken, rows, strict=True)
        for entry in step["top_logprobs"]
    ]
    print(f"{len(ids)} tokens: at most {max(differences):.5f} between {len(differences)} log-probabilities")
    assert max(differences) < TOLERANCE
    for step, row in zip(taken, rows, strict=True):
        least_of_top = row.topk(TOP).values[-1].item()
        assert all(row[entry["id"]].item() > least_of_top - TOLERANCE for entry in step["top_logprobs"])


@pytest.mark.parametrize("prompt", PROMPTS)
def test_both_continue_a_prompt_with_the_same_words(prompt: str, reference: Any, url: str) -> None:
    network, tokenizer, torch = reference
    ids = torch.tensor([tokenizer(prompt)["input_ids"]])
    expected = network.generate(ids, max_new_tokens=STEPS, do_sample=False, eos_token_id=[])[0, ids.shape[1] :]
    assert [step["id"] for step in steps(url, prompt)] == expected.tolist()
