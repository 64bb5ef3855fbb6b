"""The demo's files: made in a moment, always the same, whole, made again when damaged, and served by llama.cpp."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gguf
import httpx
import numpy as np
import pytest
import xllamacpp
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.adapters.demo_model import make, make_demo_checkpoint, make_demo_gguf
from orchestrator.adapters.demo_model.dimensions import ARCHITECTURES
from orchestrator.adapters.demo_model.gguf_file import converted
from orchestrator.adapters.demo_model.mmproj_file import converted_vision
from orchestrator.adapters.demo_model.tokenizer import CONTROLS, IM_END, demo_tokenizer
from orchestrator.adapters.demo_model.weights import demo_weights, of_text, of_vision, with_single_projections
from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.profile import Precision
from tests.adapters.safetensors_file import arrays

MOST_SECONDS = 10.0  # a tenth of a second on a quiet machine
MAKERS = 4
MAKE = """
import sys
from pathlib import Path
from orchestrator.adapters.demo_model import make_demo_checkpoint, make_demo_gguf
make_demo_gguf(Path(sys.argv[1])), make_demo_checkpoint(Path(sys.argv[1]))
"""
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
CALL = {"id": "1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}


def contents(folder: Path) -> dict[str, str]:
    """Every file below a folder, by its place, with a digest of what it holds."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def made(folder: Path) -> dict[str, str]:
    make_demo_gguf(folder)
    make_demo_checkpoint(folder)
    return contents(folder)


def test_it_is_made_in_a_moment_and_is_small(tmp_path: Path) -> None:
    started_s = time.monotonic()
    path = make_demo_gguf(tmp_path)
    assert time.monotonic() - started_s < MOST_SECONDS
    assert path.stat().st_size < 30_000_000


def test_it_is_the_same_wherever_it_is_made(tmp_path: Path) -> None:
    assert made(tmp_path / "here") == made(tmp_path / "there")


def test_it_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make_demo_gguf(tmp_path)
    monkeypatch.setitem(make.WRITERS, Precision.GGUF, lambda model, folder: pytest.fail("made again"))
    assert make_demo_gguf(tmp_path) == first


def test_another_demo_has_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make_demo_gguf(tmp_path)
    monkeypatch.setattr(make, "content_version", lambda: "another")
    assert make_demo_gguf(tmp_path) != first


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def altered(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [truncated, altered, emptied, Path.unlink])
@pytest.mark.parametrize(
    "name", ["demo-gguf/qorch-demo-F16.gguf", "demo-bf16/model.safetensors", "demo-gguf/SHA256SUMS"]
)
def test_a_damaged_file_is_made_again(tmp_path: Path, name: str, damage: Callable[[Path], None]) -> None:
    whole = made(tmp_path)
    damage(make_demo_gguf(tmp_path).parent.parent / name)
    assert contents(tmp_path) != whole
    assert made(tmp_path) == whole


def test_makers_at_the_same_time_do_not_clash(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MAKE, str(tmp_path / "shared")]
    makers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(MAKERS)]
    assert [maker.communicate()[1] for maker in makers] == [b""] * MAKERS
    assert contents(tmp_path / "shared") == made(tmp_path / "alone")


def test_a_failed_make_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def disk_full(model: str, folder: Path) -> None:
        (folder / make.gguf_name(model)).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(make.WRITERS, Precision.GGUF, disk_full)
    with pytest.raises(EnvironmentNotReady, match="No space left on device"):
        make_demo_gguf(tmp_path)
    assert contents(tmp_path) == {}


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentNotReady, match=r"cannot be made in .*file"):
        make_demo_gguf(tmp_path / "file")


@pytest.mark.parametrize("model", ARCHITECTURES)
def test_both_files_hold_the_same_numbers_exactly(tmp_path: Path, model: str) -> None:
    weights = demo_weights(ARCHITECTURES[model])
    stored = arrays(make_demo_checkpoint(tmp_path, model) / "model.safetensors")
    published = {as_published(model, name): tensor for name, tensor in weights.items()}
    assert stored.keys() == published.keys()
    assert all(np.array_equal(stored[name], tensor) for name, tensor in published.items())
    single = with_single_projections(of_text(weights))
    in_gguf = {tensor.name: tensor for tensor in gguf.GGUFReader(make_demo_gguf(tmp_path, model)).tensors}
    assert len(in_gguf) == len(single)
    for name, tensor in single.items():
        gguf_name, values = converted(name, tensor)
        assert np.array_equal(in_gguf[gguf_name].data.astype(np.float32), values)


def as_published(model: str, name: str) -> str:
    """With a vision encoder the text model is a part, as in `Qwen3_5ForConditionalGeneration`."""
    if ARCHITECTURES[model].vision is None or name.startswith(("model.visual.", "lm_head.")):
        return name
    return name.replace("model.", "model.language_model.", 1)


def test_llama_cpp_has_the_numbers_of_the_vision_encoder_in_a_file_of_its_own(tmp_path: Path) -> None:
    weights = of_vision(demo_weights(ARCHITECTURES["demo-vision"]))
    path = make_demo_gguf(tmp_path, "demo-vision").with_name("mmproj-qorch-demo-vision-F16.gguf")
    stored = {tensor.name: tensor.data.astype(np.float32) for tensor in gguf.GGUFReader(path).tensors}
    expected = dict(pair for name, tensor in weights.items() for pair in converted_vision(name, tensor))
    assert stored.keys() == expected.keys()
    assert all(np.array_equal(stored[name], tensor) for name, tensor in expected.items())


def test_a_vision_encoder_changes_nothing_of_the_text_model() -> None:
    text, whole = demo_weights(ARCHITECTURES["demo"]), demo_weights(ARCHITECTURES["demo-vision"])
    assert all(np.array_equal(whole[name], tensor) for name, tensor in text.items())


def test_of_the_experts_joint_projection_the_gate_comes_first() -> None:
    """As transformers splits it: `gate, up = (x @ gate_up_proj.T).chunk(2, dim=-1)`."""
    fused = np.arange(12, dtype=np.float32).reshape(1, 4, 3)
    single = with_single_projections({"mlp.experts.gate_up_proj": fused})
    assert np.array_equal(single["mlp.experts.gate_proj"], fused[:, :2])
    assert np.array_equal(single["mlp.experts.up_proj"], fused[:, 2:])


@pytest.mark.parametrize("model", ARCHITECTURES)
def test_the_vocabulary_is_the_tokenizers(model: str) -> None:
    assert ARCHITECTURES[model].vocab_size == len(demo_tokenizer().tokens)


@pytest.mark.parametrize(
    ("model", "architecture"), [("demo", "qwen35"), ("demo-moe", "qwen35moe"), ("demo-vision", "qwen35")]
)
def test_it_says_what_it_is(tmp_path: Path, model: str, architecture: str) -> None:
    fields = gguf.GGUFReader(make_demo_gguf(tmp_path, model)).fields
    assert fields["general.architecture"].contents() == architecture
    assert "random weights" in fields["general.name"].contents()
    assert "Not a Qwen model" in fields["general.description"].contents()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    params = xllamacpp.CommonParams()
    params.model.path = str(make_demo_gguf(tmp_path_factory.mktemp("demo")))
    params.n_ctx, params.n_parallel, params.kv_unified = 4096, 2, True
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.port, params.cache_ram_mib, params.fit_params, params.ui, params.verbosity = 0, 0, False, False, 1
    server = xllamacpp.Server(params)
    fresh = httpx.Limits(max_keepalive_connections=0)  # the server may close an idle connection at any time
    with httpx.Client(base_url=server.listening_address, timeout=60, limits=fresh) as client:
        yield client
    del server


def rendered(client: httpx.Client, **body: Any) -> str:
    return str(client.post("/apply-template", json=body).raise_for_status().json()["prompt"])


def tokens(client: httpx.Client, text: str, *, parse_special: bool = False) -> list[int]:
    body = {"content": text, "parse_special": parse_special}
    return list(client.post("/tokenize", json=body).raise_for_status().json()["tokens"])


@pytest.mark.parametrize("seed", range(3))
def test_an_answer_counts_its_tokens(client: httpx.Client, seed: int) -> None:
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Grüße, 世界!"}]
    body = {"messages": messages, "max_tokens": 40, "seed": seed, "temperature": 1.0}
    answer = client.post("/v1/chat/completions", json=body).raise_for_status().json()
    prompt_tokens = len(tokens(client, rendered(client, messages=messages), parse_special=True))
    counted = {name: answer["usage"][name] for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
    assert counted == {"prompt_tokens": prompt_tokens, "completion_tokens": 40, "total_tokens": prompt_tokens + 40}
    assert answer["choices"][0]["finish_reason"] == "length"


@pytest.mark.parametrize("temperature", [0.0, 0.8, 1.5])
def test_a_stream_shows_every_token_at_once(client: httpx.Client, temperature: float) -> None:
    body = {"messages": [{"role": "user", "content": "hello"}], "max_tokens": 300, "seed": 1, "stream": True}
    body |= {"temperature": temperature, "top_k": 0, "top_p": 1.0, "min_p": 0.0}
    lines = client.post("/v1/chat/completions", json=body).text.splitlines()
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: {")]
    pieces = [event["choices"][0]["delta"].get("content") for event in events if event["choices"]]
    shown = [piece for piece in pieces if piece]
    assert len(shown) == 300
    assert all(piece.isascii() and piece.isprintable() for piece in shown)


def test_a_message_may_end_and_control_tokens_do_not_come(client: httpx.Client) -> None:
    ids = demo_tokenizer().ids
    body = {"prompt": "hello", "n_predict": 16, "n_probs": len(ids), "temperature": 0}
    for step in client.post("/completion", json=body).json()["completion_probabilities"]:
        logprobs = {entry["id"]: entry["logprob"] for entry in step["top_logprobs"]}
        assert -16 < logprobs[ids[IM_END]] < -6
        assert all(logprobs[ids[token]] < -16 for token in CONTROLS if token != IM_END)


@settings(max_examples=40)
@given(text=st.text(max_size=60))
def test_any_text_comes_back_from_its_tokens(client: httpx.Client, text: str) -> None:
    answer = client.post("/detokenize", json={"tokens": tokens(client, text)}).raise_for_status().json()
    assert answer["content"] == text


def test_known_words_are_one_token(client: httpx.Client) -> None:
    assert [demo_tokenizer().tokens[number] for number in tokens(client, "serve the model")] == [
        "serve",
        "Ġthe",
        "Ġmodel",
    ]


def test_every_role_is_written(client: httpx.Client) -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "How is it there?"}]},
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "1", "content": "Rain."},
    ]
    prompt = rendered(client, messages=messages, tools=[TOOL])
    assert prompt.startswith("<|im_start|>system\nYou may call these functions:\n")
    assert '"weather"' in prompt.split("<|im_end|>")[0]
    for turn in (
        "<|im_start|>system\nBe brief.<|im_end|>\n",
        "<|im_start|>user\nHow is it there?<|im_end|>\n",
        "<|im_start|>user\n<tool_response>\nRain.\n</tool_response><|im_end|>\n",
    ):
        assert turn in prompt
    assert "<|im_start|>assistant\n<tool_call>\n" in prompt
    assert prompt.endswith("<|im_end|>\n<|im_start|>assistant\n")


def test_it_thinks_when_it_is_asked_to(client: httpx.Client) -> None:
    messages = [{"role": "user", "content": "hello"}]
    at_once = rendered(client, messages=messages)
    assert at_once == "<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n"
    assert rendered(client, messages=messages, chat_template_kwargs={"enable_thinking": False}) == at_once
    thinking = rendered(client, messages=messages, chat_template_kwargs={"enable_thinking": True})
    assert thinking == at_once + "<think>\n"
