"""Which engine class serves which engine name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from orchestrator.adapters.engines.llama_cpp import LlamaCppEngine
from orchestrator.app.ports import Engine
from orchestrator.core.engine_spec import EngineSpec
from orchestrator.core.profile import EngineName

ENGINES: dict[str, Callable[[EngineSpec, Path], Engine]] = {EngineName.LLAMA_CPP.value: LlamaCppEngine}


def make_engine(spec: EngineSpec, log_path: Path) -> Engine:
    return ENGINES[spec.engine](spec, log_path)
