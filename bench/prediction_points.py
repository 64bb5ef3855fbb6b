"""The public measurements as inputs and outputs of the prediction: what ran where, under which load, and how fast."""

from __future__ import annotations

import csv
import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from functools import cache
from pathlib import Path

from orchestrator.adapters.gpu_table import load_gpus, shipped_gpus_dir
from orchestrator.adapters.profile_files import load_profiles, shipped_profiles_dir
from orchestrator.core.forward_pass import ForwardPass, RoutedExperts, forward_pass
from orchestrator.core.gpu_spec import GpuSpec
from orchestrator.core.gpu_table import GpuTable
from orchestrator.core.load_time import Load
from orchestrator.core.pass_time import Parallelism, Rates, rates_of
from orchestrator.core.profile import Profile

DATA = Path(__file__).parent / "data"
FOLDS = 5
GPUS = {"h100_sxm": "h100-80gb", "h200_sxm": "h200", "b200_sxm": "b200", "b300_sxm": "b300", "gb200": "gb200"}
ENGINES = {
    "vllm": "vllm",
    "sglang": "sglang",
    "trtllm": "tensorrt-llm",
    "llama.cpp": "llama.cpp",
    "ollama": "llama.cpp",
}
PRECISIONS = {"": "bf16", "bf16": "bf16", "fp8": "fp8"}  # qorch has no profile in fp4
FP8_CACHE = {("trtllm", "fp8"), ("vllm", "fp8")}  # engines whose recipes keep keys and values in 8 bits there
USED_SHARE, RESERVE_BYTES = 0.9, 4e9  # of a GPU's memory; beside weights and cache
SAME = 2  # digits of milliseconds: several rows are copies of one measurement, some of them rounded


@dataclass(frozen=True)
class Point:
    """One measurement; `tpot_s` and `ttft_s` are what was measured."""

    group: str  # model, engine, GPU, precision
    setting: str  # what else, without the concurrency: points of one setting are held out together
    engine: str
    work: ForwardPass
    rates: Rates
    parallelism: Parallelism
    load: Load
    kv_cache_tokens: float
    tpot_s: float
    ttft_s: float | None = None

    @property
    def fold(self) -> int:
        """By hash, so that no one picked it."""
        return int(hashlib.sha256(f"{self.group}|{self.setting}".encode()).hexdigest(), 16) % FOLDS


def silicon_points() -> list[Point]:
    """Those under load; without disaggregated serving, FP4, and copies."""
    with gzip.open(DATA / "qwen-measured-points.csv.gz", "rt") as file:
        points = [_silicon(row) for row in csv.DictReader(file) if row["mode"] == "agg" and row["precision"] != "fp4"]
    return list({(p.group, p.setting, p.load, round(p.tpot_s * 1e3, SAME - 1)): p for p in points}.values())


def decode_points() -> Iterator[Point]:
    """One stream, decoding; those on a GPU whose format has a profile."""
    with (DATA / "decode-points.csv").open() as file:
        for row in csv.DictReader(file):
            gpu = gpu_table().by_name(row["gpu"].removesuffix(" 96GB").replace("H100 SXM", "H100"))
            if gpu is not None:
                yield _decode(row, gpu)


@cache
def gpu_table() -> GpuTable:
    return load_gpus(shipped_gpus_dir())


def _gpu(name: str) -> GpuSpec:
    return gpu_table().specs[name]


def _silicon(row: dict[str, str]) -> Point:
    model = row["model_path"].partition("/")[2].removesuffix("-FP8").removesuffix("-NVFP4")
    precision, parallelism = PRECISIONS[row["precision"]], _split(row)
    work = _work(model, precision)
    cache_fp8 = (row["backend"], precision) in FP8_CACHE and model == "Qwen3-32B"
    if cache_fp8:
        work = replace(work, kv_bytes_per_token=work.kv_bytes_per_token / 2)
    gpu = _gpu(GPUS[row["system"]])
    load = Load(int(row["batch_size"]), int(row["isl"]), int(row["osl"]))
    return Point(
        group=f"{model} {precision}, {ENGINES[row['backend']]}, {gpu.name}",
        setting=" ".join(map(str, (load.prompt_tokens, load.output_tokens, *astuple(parallelism)))),
        engine=ENGINES[row["backend"]],
        work=work,
        rates=rates_of(gpu),
        parallelism=parallelism,
        load=load,
        kv_cache_tokens=_kv_cache_tokens(work, parallelism, gpu),
        tpot_s=float(row["silicon_tpot_ms"]) / 1e3,
        ttft_s=float(row["silicon_ttft_ms"]) / 1e3,
    )


def _split(row: dict[str, str]) -> Parallelism:
    """Some rows multiply expert and tensor parallelism into a GPU count that their copies do not have."""
    tp, moe_tp, ep = (max(1, int(row[name] or 1)) for name in ("tp_size", "moe_tp_size", "moe_ep_size"))
    if tp > 8:
        return Parallelism(ep, 1, ep)
    if moe_tp * ep > tp:  # attention is data parallel
        return Parallelism(tp, moe_tp * ep // tp, ep, _eager(row))
    return Parallelism(tp, 1, ep, _eager(row))


def _eager(row: dict[str, str]) -> bool:
    """vLLM's 235B takes 40 to 58 ms a token whatever the concurrency, 3 times SGLang's: it ran without CUDA graphs."""
    return row["backend"] == "vllm" and "235B" in row["model_path"]


def _work(model: str, precision: str) -> ForwardPass:
    if model == "Qwen3-32B":
        return _qwen3(precision, layers=64, hidden=5120, kv_heads=8, dense_width=25600)
    if model == "Qwen3-235B-A22B":
        return _qwen3(precision, layers=94, hidden=4096, kv_heads=4, expert_width=1536)
    return forward_pass(_profile("qwen3.5-397b-a17b", precision, "vllm"))


def _qwen3(
    precision: str, layers: int, hidden: int, kv_heads: int, dense_width: int = 0, expert_width: int = 0
) -> ForwardPass:
    """Qwen3, the generation before: attention without output gate, 64 heads of 128; 8 of 128 experts (config.json)."""
    size = 1 if precision == "fp8" else 2
    attention = 2 * hidden * 64 * 128 + 2 * hidden * kv_heads * 128
    dense = layers * (attention + 3 * hidden * dense_width + (128 * hidden if expert_width else 0))
    expert = layers * 3 * hidden * expert_width
    head = hidden * 151936
    return ForwardPass(
        num_hidden_layers=layers,
        hidden_size=hidden,
        dense_weights=dense,
        dense_bytes=dense * size,
        head_weights=head,
        head_bytes=head * 2,
        fp8=precision == "fp8",
        attention_flops=4 * layers * 64 * 128,
        num_key_value_heads=kv_heads,
        kv_bytes_per_token=2 * layers * kv_heads * 128 * 2,
        experts=RoutedExperts(128, 8, expert, expert * size) if expert_width else None,
    )


def _kv_cache_tokens(work: ForwardPass, parallelism: Parallelism, gpu: GpuSpec) -> float:
    tp = parallelism.tensor_parallel_size
    weights = (work.dense_bytes + 2 * work.head_bytes) / tp
    if work.experts is not None:
        weights += work.experts.num_experts * work.experts.bytes / parallelism.num_gpus
    each = work.kv_bytes_per_token * max(1 / work.num_key_value_heads, 1 / tp)
    free = USED_SHARE * gpu.memory_bytes - weights - RESERVE_BYTES
    return max(1.0, free / each) * parallelism.data_parallel_size


def _decode(row: dict[str, str], gpu: GpuSpec) -> Point:
    name = row["model"].lower().replace("article ", "qwen3.5-")
    work = forward_pass(_profile(name, _precision(row["format"]), "", row["format"]))
    return Point(
        group=f"{row['model']} {row['format']}, {row['engine']}, {gpu.name}",
        setting="one stream",
        engine=ENGINES[row["engine"]],
        work=work,
        rates=rates_of(gpu),
        parallelism=Parallelism(int(row["count"])),
        load=Load(1, 512, 256),
        kv_cache_tokens=1e6,
        tpot_s=1 / float(row["decode_tok_s"]),
    )


def _precision(text: str) -> str:
    return {"BF16": "bf16", "GPTQ-Int4": "gptq"}.get(text, "gguf")


def _profile(model: str, precision: str, engine: str, quantization: str = "") -> Profile:
    """The profile in that precision, of GGUF files the one whose quantization is nearest in name."""
    files = [profile for profile in load_profiles(shipped_profiles_dir()) if not profile.weights.tag]
    found = [p for p in files if p.model.name == model and p.precision == precision]
    bits = "Q8" if "Q8" in quantization else "Q4"
    return next(p for p in found if precision != "gguf" or bits in p.quantization)
