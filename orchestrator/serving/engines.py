"""Which engine class serves which engine name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from orchestrator.adapters.engines.llama_cpp import LlamaCppEngine
from orchestrator.adapters.engines.ollama_engine import ollama_engine
from orchestrator.adapters.engines.ollama_install import ollama_install
from orchestrator.adapters.engines.vllm import VllmEngine
from orchestrator.adapters.engines.vllm_install import vllm_install
from orchestrator.app.ports import Engine
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.profile import EngineName

ENGINES: dict[str, Callable[[EngineSpec, Path, Sequence[int]], Engine]] = {
    EngineName.LLAMA_CPP.value: LlamaCppEngine,
    EngineName.VLLM.value: VllmEngine,
    EngineName.OLLAMA.value: ollama_engine,
}

VERSIONS: dict[str, Callable[[], str | None]] = {
    EngineName.LLAMA_CPP.value: lambda: version("xllamacpp"),
    EngineName.VLLM.value: lambda: vllm_install().version,
    EngineName.OLLAMA.value: lambda: ollama_install().version,
}

CUDA_MAJORS: dict[str, Callable[[], int | None]] = {EngineName.VLLM.value: lambda: vllm_install().cuda_major}


def cuda_major(engine: str) -> int | None:
    """Of the CUDA that an engine's build asks of the driver; None where it is not known, or comes in one for each."""
    return CUDA_MAJORS.get(engine, lambda: None)()


def engine_version(engine: str) -> str:
    """Of what is installed here; empty where that is not told."""
    return VERSIONS[engine]() or ""


def make_engine(spec: EngineSpec, log_path: Path, inherited_fds: Sequence[int] = ()) -> Engine:
    """The engine of a spec; `inherited_fds` stay open as long as its process lives."""
    return ENGINES[spec.engine](spec, log_path, inherited_fds)
