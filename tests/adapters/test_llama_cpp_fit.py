"""The plan's parts against what the running llama.cpp reports, for the demo and architectures of real dimensions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import gguf
import httpx
import pytest

from bench.fit import (
    MIB,
    PAGE,
    SHAPES,
    Case,
    cases,
    engine_log,
    measured_bytes,
    model_file,
    predicted_bytes,
    reduced,
    row,
)
from orchestrator.adapters.demo_model.synthetic import write_synthetic_gguf
from orchestrator.adapters.engines.llama_cpp import LlamaCppEngine
from orchestrator.core.deployment import EngineSpec
from orchestrator.core.llama_cpp_memory import context_checkpoints, slot_state_bytes
from orchestrator.core.parameters import text_parameters
from orchestrator.core.plan import Shape

RESOLUTION_BYTES = 0.01 * MIB  # of the engine's log
MOST_OVER_BYTES = 20 * MIB
FEW_SLOTS, MANY_SLOTS = Shape(4096, 3), Shape(2048, 16)
CREATED = re.compile(r"created context checkpoint (\d+) of (\d+) .*size = ([\d.]+) MiB")


def compare(case: Case, folder: Path) -> None:
    predicted = predicted_bytes(case)
    measured = measured_bytes(engine_log(model_file(folder, case.profile), case))
    for name in ("kv_cache", "recurrent_state"):
        assert predicted[name] == pytest.approx(measured[name], abs=RESOLUTION_BYTES)
    over_bytes = predicted["activations"] - measured["activations"]
    assert -2 * RESOLUTION_BYTES <= over_bytes <= MOST_OVER_BYTES


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fit")


@pytest.mark.parametrize("shape", [*SHAPES, FEW_SLOTS, MANY_SLOTS], ids=str)
@pytest.mark.parametrize("name", ["demo", "qwen3.5-0.8b", "qwen3.5-2b", "qwen3.5-4b", "qwen3.5-35b-a3b"])
def test_the_plan_charges_what_the_engine_holds(name: str, shape: Shape, folder: Path) -> None:
    compare(Case(reduced(name), shape), folder)


@pytest.mark.heavy
@pytest.mark.parametrize("shape", [*SHAPES, FEW_SLOTS, MANY_SLOTS], ids=str)
@pytest.mark.parametrize("name", ["qwen3.5-9b", "qwen3.5-27b", "qwen3.5-122b-a10b", "qwen3.5-397b-a17b"])
def test_the_plan_charges_what_the_engine_holds_of_the_large(name: str, shape: Shape, folder: Path) -> None:
    compare(Case(reduced(name), shape), folder)


@pytest.mark.heavy
def test_more_layers_and_all_experts_and_tokens_change_no_buffer_but_as_the_formula_says(folder: Path) -> None:
    whole = folder / "whole"
    whole.mkdir()
    compare(Case(reduced("qwen3.5-35b-a3b", 8, 248_320, 256), Shape(4096, 4)), whole)


def test_the_page_holds_what_the_formulas_say_now() -> None:
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")][2:]
    current = [row(case, dict.fromkeys(predicted_bytes(case), 0.0)) for case in cases()]
    assert [[*one[:3], *one[3::2]] for one in rows] == [[*one[:3], *one[3::2]] for one in current]


@pytest.mark.parametrize("quantization", ["F16", "Q8_0", "Q4_0"])
def test_a_synthetic_file_has_every_weight_of_its_architecture(quantization: str, tmp_path: Path) -> None:
    profile = reduced("qwen3.5-35b-a3b", vocabulary=1081, experts=8)
    assert profile.model.architecture is not None
    write_synthetic_gguf(tmp_path / "model.gguf", profile.model.architecture, quantization, sparse=True)
    tensors = gguf.GGUFReader(tmp_path / "model.gguf").tensors
    assert sum(int(tensor.n_elements) for tensor in tensors) == text_parameters(profile.model.architecture)


def spec_of(folder: Path, context: int) -> EngineSpec:
    """A small model with random weights; one slot."""
    profile = reduced("qwen3.5-0.8b")
    assert profile.model.architecture is not None
    path = folder / "random.gguf"
    write_synthetic_gguf(path, profile.model.architecture)
    return EngineSpec(
        engine="llama.cpp", profile="synthetic", device="cpu", model_path=str(path), mmproj_path=None,
        served_model_names=("m",),
        max_model_len=context, max_num_seqs=1, threads=1, prompt_cache_mib=0,
        context_checkpoints=context_checkpoints(context), log_dir=str(folder),
    )  # fmt: skip


def turns(count: int) -> Iterator[list[dict[str, str]]]:
    """A chat that grows."""
    messages: list[dict[str, str]] = []
    for number in range(count):
        messages = [*messages, {"role": "user", "content": f"{number} the model serves " * 8}]
        yield messages
        messages = [*messages, {"role": "assistant", "content": "ready"}]


@pytest.mark.anyio
async def test_a_chat_never_keeps_more_checkpoints_than_are_charged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.adapters.engines.llama_cpp.VERBOSITY", 4)
    log_path = tmp_path / "engine.log"
    engine = LlamaCppEngine(spec_of(tmp_path, 4096), log_path)
    await engine.start()
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{engine.port}", timeout=60) as client:
            for messages in turns(6):
                body = json.dumps({"messages": messages, "max_tokens": 1})
                (await client.post("/v1/chat/completions", content=body)).raise_for_status()
    finally:
        await engine.stop()
    created = CREATED.findall(log_path.read_text())
    architecture = reduced("qwen3.5-0.8b").model.architecture
    assert architecture is not None
    assert len(created) > context_checkpoints(4096)
    assert max(int(number) for number, _, _ in created) == context_checkpoints(4096) == int(created[0][1])
    assert float(created[0][2]) * MIB == pytest.approx(slot_state_bytes(architecture), abs=RESOLUTION_BYTES)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
