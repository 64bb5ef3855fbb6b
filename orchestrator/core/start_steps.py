"""What an engine's start consisted of: its own log says how long each step took."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from orchestrator.core.profile import EngineName

Steps = Mapping[str, float]  # seconds by step, in the order of the steps
PLACED, GPUS, LOADING, FIRST_COMPLETION = "placed", "GPUs free", "loading", "first completion"
WEIGHTS, COMPILED, GRAPHS = "weights", "compiled", "CUDA graphs"
PROCESS, OTHER = "process", "other loading"

# vLLM 0.33.0: model_executor/model_loader/default_loader.py, compilation/monitor.py, v1/worker/gpu_model_runner.py
VLLM = {
    WEIGHTS: re.compile(r"Loading weights took ([\d.]+) s"),
    COMPILED: re.compile(r"torch\.compile (?:takes|took) ([\d.]+) s in total"),
    GRAPHS: re.compile(r"Graph capturing finished in ([\d.]+) s"),
}
# xllamacpp 2026.10: each line begins with minutes, seconds, milliseconds and microseconds since its start
LLAMA_CPP = re.compile(r"(\d+)\.(\d\d)\.(\d{3})\.(\d{3}) .*\binit: (loading model|model loaded)")


def load_steps(engine: str, loading_s: float, log: Iterable[str]) -> dict[str, float]:
    """The steps of `loading_s` seconds, as far as the engine's log tells them; together they take as long."""
    told = TOLD[engine](log) if engine in TOLD else {}
    rest_s = loading_s - sum(told.values())
    if not told or rest_s < 0:
        return {LOADING: loading_s}
    return {PROCESS: rest_s, **told} if engine == EngineName.LLAMA_CPP else {**told, OTHER: rest_s}


def _vllm(log: Iterable[str]) -> dict[str, float]:
    """Of several workers, the slowest."""
    longest: dict[str, float] = {}
    for line in log:
        for step, pattern in VLLM.items():
            if found := pattern.search(line):
                longest[step] = max(longest.get(step, 0.0), float(found[1].rstrip(".")))
    return {step: longest[step] for step in VLLM if step in longest}


def _llama_cpp(log: Iterable[str]) -> dict[str, float]:
    """Of the last start, where a log has several."""
    found = [match for line in log if (match := LLAMA_CPP.match(line))]
    at_s = {match[5]: _seconds(*match.groups()[:4]) for match in found}
    if "loading model" not in at_s or "model loaded" not in at_s:
        return {}
    return {WEIGHTS: max(0.0, at_s["model loaded"] - at_s["loading model"])}


def _seconds(minutes: str, seconds: str, milliseconds: str, microseconds: str) -> float:
    return 60 * int(minutes) + int(seconds) + int(milliseconds) / 1e3 + int(microseconds) / 1e6


TOLD: Mapping[str, Callable[[Iterable[str]], dict[str, float]]] = {
    EngineName.VLLM.value: _vllm,
    EngineName.LLAMA_CPP.value: _llama_cpp,
}
