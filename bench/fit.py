"""What the plan charges llama.cpp with against what the running engine reports that it holds.

Real dimensions in four layers, random weights; the mixtures of experts also in few experts, which no buffer but the
model's depends on. `python -m bench.fit` prints the table and writes docs/measurements/fit.md.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bench.tables import markdown
from orchestrator.adapters.demo_model import make_demo_gguf
from orchestrator.adapters.demo_model.synthetic import write_synthetic_gguf
from orchestrator.adapters.profile_files import load_profiles, shipped_profiles_dir
from orchestrator.core.llama_cpp_memory import context_checkpoints, llama_cpp_parts, slot_state_bytes
from orchestrator.core.plan import Shape
from orchestrator.core.profile import Architecture, Profile
from orchestrator.views.table import table

ENGINE = (sys.executable, "-m", "orchestrator.adapters.engines.llama_cpp_server")
PAGE = Path(__file__).parents[1] / "docs" / "measurements" / "fit.md"
MIB = 2**20
LAYERS, VOCABULARY, EXPERTS = 4, 1081, 16
SHAPES = (Shape(4096, 1), Shape(4096, 4), Shape(4096, 8), Shape(32_768, 4))
MODELS = ("demo", "qwen3.5-0.8b", "qwen3.5-2b", "qwen3.5-4b", "qwen3.5-9b", "qwen3.5-35b-a3b", "qwen3.5-122b-a10b")
PARTS = ("kv_cache", "recurrent_state", "activations")
BUFFER = re.compile(r"(KV|RS|output|compute) buffer size = +([\d.]+) MiB")
PART_OF = {"KV": "kv_cache", "RS": "recurrent_state", "output": "activations", "compute": "activations"}
HEADERS = ("architecture", "slots", "context", *(f"{part} {kind}" for part in PARTS for kind in ("plan", "engine")))


@dataclass(frozen=True)
class Case:
    """An architecture in the shape that one engine is started with."""

    profile: Profile
    shape: Shape

    @property
    def architecture(self) -> Architecture:
        assert self.profile.model.architecture is not None
        return self.profile.model.architecture


def reduced(name: str, layers: int = LAYERS, vocabulary: int = VOCABULARY, experts: int = EXPERTS) -> Profile:
    """A model of the family in fewer layers, tokens and experts."""
    profile = next(each for each in load_profiles(shipped_profiles_dir()) if _is_gguf_of(each, name))
    whole = profile.model.architecture
    assert whole is not None
    architecture = replace(
        whole,
        num_hidden_layers=layers,
        full_attention_layers=layers // 4,
        vocab_size=vocabulary,
        experts=whole.experts and replace(whole.experts, num_experts=experts),
    )
    return replace(profile, model=replace(profile.model, architecture=architecture))


def predicted_bytes(case: Case) -> dict[str, int]:
    """The plan's parts as they stand after loading, when no slot has a checkpoint yet."""
    parts = {part.name: part.bytes for part in llama_cpp_parts(case.profile, case.shape)}
    states = case.shape.max_num_seqs * slot_state_bytes(case.architecture)
    return {**{name: parts[name] for name in PARTS}, "recurrent_state": states}


def engine_log(model_path: Path, case: Case) -> str:
    """What the engine logs until it serves, started as qorch starts it."""
    arguments = {
        "model_path": str(model_path), "mmproj_path": None, "served_model_names": ["fit"], "host": "127.0.0.1",
        "max_num_seqs": case.shape.max_num_seqs, "max_model_len": case.shape.max_model_len, "threads": 2,
        "port": 0, "total_context_tokens": case.shape.max_model_len * case.shape.max_num_seqs, "prompt_cache_mib": 0,
        "context_checkpoints": context_checkpoints(case.shape.max_model_len), "verbosity": 4,
    }  # fmt: skip
    line = json.dumps(arguments) + "\n"
    return subprocess.run(ENGINE, input=line, capture_output=True, text=True, check=True).stderr


def measured_bytes(log: str) -> dict[str, float]:
    """The parts as llama.cpp reports them, in hundredths of a MiB."""
    found = dict.fromkeys(PARTS, 0.0)
    for buffer, size_mib in BUFFER.findall(log):
        found[PART_OF[buffer]] += float(size_mib) * MIB
    return found


def model_file(folder: Path, profile: Profile) -> Path:
    """The demo, or a sparse file of the architecture."""
    if profile.model.name == "demo":
        return make_demo_gguf(folder)
    path = folder / f"{profile.model.name}.gguf"
    if not path.exists():
        assert profile.model.architecture is not None
        write_synthetic_gguf(path, profile.model.architecture, "Q8_0", sparse=True)
    return path


def cases() -> Iterator[Case]:
    for name in MODELS:
        profile = reduced(name)
        yield from (Case(profile, shape) for shape in SHAPES)


def row(case: Case, measured: dict[str, float]) -> tuple[str, ...]:
    predicted = predicted_bytes(case)
    sizes = (f"{amount[part] / MIB:.2f}" for part in PARTS for amount in (predicted, measured))
    return (case.profile.model.name, str(case.shape.max_num_seqs), f"{case.shape.max_model_len:,}", *sizes)


def page(rows: Sequence[Sequence[str]]) -> str:
    """The rows as the page that docs keep."""
    return (
        "# The plan against the running llama.cpp\n\nWritten by `python -m bench.fit`; sizes in MiB. Each architecture "
        f"has its real dimensions in {LAYERS} layers, {VOCABULARY:,} tokens and at most {EXPERTS} experts.\n"
        "`recurrent_state` without the context checkpoints, which come with requests.\n\n" + markdown(HEADERS, rows)
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        rows = [row(case, measured_bytes(engine_log(model_file(Path(name), case.profile), case))) for case in cases()]
    print(table(HEADERS, rows))
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(rows))


def _is_gguf_of(profile: Profile, name: str) -> bool:
    return profile.model.name == name and profile.precision == "gguf"


if __name__ == "__main__":
    main()
