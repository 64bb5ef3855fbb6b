"""What the plan charges vLLM with against what it reports when it starts, on a machine with an NVIDIA GPU.

Real dimensions in a few layers, `--load-format dummy`: `python -m bench.fit_vllm` prints the table and writes
docs/measurements/fit-vllm.md with date, driver and versions. Needs vLLM beside qorch.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.tables import markdown
from orchestrator.adapters.demo_model.checkpoint import config, tokenizer_files
from orchestrator.adapters.ports import free_ports
from orchestrator.adapters.probe import probe
from orchestrator.adapters.profile_files import load_profiles, shipped_profiles_dir
from orchestrator.core.inventory import Inventory
from orchestrator.core.profile import Architecture, Precision
from orchestrator.core.vllm_options import VLLM_DEFAULTS, VllmOptions, on_gpu
from orchestrator.core.vllm_pool import PoolReport, boot_report
from orchestrator.core.vllm_weights import gpu_weights
from orchestrator.views.table import table

PAGE = Path(__file__).parents[1] / "docs" / "measurements" / "fit-vllm.md"
GIB = 2**30
LAYERS, MAX_MODEL_LEN, MAX_NUM_SEQS = 8, 32_768, 16
MODELS = ("qwen3.5-2b", "qwen3.5-9b", "qwen3.5-27b", "qwen3.5-35b-a3b")
STARTED = "Application startup complete"
HALF_A_DIGIT = 0.005 * GIB  # vLLM prints memory to 0.01 GiB
HEADERS = ("architecture", "weights plan", "weights vLLM", "pool vLLM", "tokens plan", "tokens vLLM", "requests vLLM")
LINES = {
    "weights_gib": r"Model loading took ([\d.]+) GiB",
    "pool_gib": r"Available KV cache memory: ([\d.]+) GiB",
    "tokens": r"KV cache size: ([\d,]+) tokens",
    "concurrency": r"Maximum concurrency for [\d,]+ tokens per request: ([\d.]+)x",
}


@dataclass(frozen=True)
class Boot:
    """What vLLM printed."""

    weights_gib: float
    pool_gib: float
    tokens: float
    concurrency: float


def reduced(name: str, layers: int = LAYERS) -> Architecture:
    """A published model's text part in fewer layers."""
    profiles = load_profiles(shipped_profiles_dir())
    whole = next(p.model.architecture for p in profiles if p.model.name == name and p.model.architecture)
    return replace(
        whole, num_hidden_layers=layers, full_attention_layers=layers // 4, vision=None, mtp_num_hidden_layers=0
    )


def boot(folder: Path, architecture: Architecture) -> Boot:
    """Start vLLM on random weights and stop it when it serves; raises RuntimeError with its last lines."""
    (folder / "config.json").write_text(json.dumps(config(architecture)))
    for name, content in tokenizer_files().items():
        (folder / name).write_text(content)
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *_arguments(folder)]
    lines = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if STARTED in line:
                break
        process.terminate()
    if not lines or STARTED not in lines[-1]:
        raise RuntimeError("vLLM did not start:\n" + "".join(lines[-30:]))
    return printed("".join(lines))


def printed(log: str) -> Boot:
    """The figures of a start-up log; raises ValueError for one that lacks a line."""
    found = {name: re.search(pattern, log) for name, pattern in LINES.items()}
    missing = [name for name, match in found.items() if match is None]
    if missing:
        raise ValueError(f"the log does not say {', '.join(missing)}")
    return Boot(**{name: float(match[1].replace(",", "")) for name, match in found.items() if match})


def predicted(architecture: Architecture, options: VllmOptions, pool_gib: float) -> tuple[PoolReport, PoolReport]:
    """For the least and the most that the printed size of the pool can stand for."""
    low, high = (int(pool_gib * GIB + side) for side in (-HALF_A_DIGIT, HALF_A_DIGIT))
    reports = (boot_report(architecture, options, 1, MAX_MODEL_LEN, size) for size in (low, high))
    first, last = reports
    return first, last


def options_of(inventory: Inventory) -> VllmOptions:
    """Those that vLLM takes on this machine's first GPU."""
    capability = inventory.gpus[0].compute_capability
    assert isinstance(capability, tuple)
    return on_gpu(replace(VLLM_DEFAULTS, language_model_only=True), capability)


def weights_bytes(architecture: Architecture, options: VllmOptions) -> int:
    return gpu_weights(architecture, Precision.BF16, 1, options).bytes


def rows(options: VllmOptions) -> Iterator[tuple[str, ...]]:
    for name in MODELS:
        architecture = reduced(name)
        with tempfile.TemporaryDirectory() as folder:
            seen = boot(Path(folder), architecture)
        low, high = predicted(architecture, options, seen.pool_gib)
        yield (
            name,
            f"{weights_bytes(architecture, options) / GIB:.2f} GiB",
            f"{seen.weights_gib:.2f} GiB",
            f"{seen.pool_gib:.2f} GiB",
            f"{low.kv_cache_tokens:,} to {high.kv_cache_tokens:,}",
            f"{seen.tokens:,.0f}",
            f"{seen.concurrency:.2f}",
        )


def page(found: Sequence[Sequence[str]], inventory: Inventory) -> str:
    gpu, driver = inventory.gpus[0].name, inventory.driver.driver_version
    about = f"{datetime.now(UTC).date()}, {gpu}, driver {driver}, vLLM {version('vllm')}"
    shape = f"{LAYERS} layers of each model's real dimensions, random weights in BF16"
    return (
        f"# The plan against vLLM's start\n\nWritten by `python -m bench.fit_vllm`: {about}. {shape}.\n\n"
        + markdown(HEADERS, found)
    )


def main() -> None:
    inventory = probe(Path(tempfile.gettempdir()))
    found = list(rows(options_of(inventory)))
    print(table(HEADERS, found))
    PAGE.write_text(page(found, inventory))


def _arguments(folder: Path) -> list[str]:
    return [
        "--model", str(folder), "--load-format", "dummy", "--max-model-len", str(MAX_MODEL_LEN),
        "--max-num-seqs", str(MAX_NUM_SEQS), "--max-num-batched-tokens", str(VLLM_DEFAULTS.max_num_batched_tokens),
        "--enable-prefix-caching", "--host", "127.0.0.1", "--port", str(free_ports(1)[0]),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
