"""Which of the two kinds of Ollama engine a replica gets: a server that answers goes before one of our own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from orchestrator.adapters.engines.ollama import OllamaEngine
from orchestrator.adapters.engines.ollama_found import FoundOllama
from orchestrator.adapters.engines.ollama_install import ollama_install
from orchestrator.adapters.engines.ollama_own import OwnOllama
from orchestrator.core.engine_spec import EngineSpec


def ollama_engine(spec: EngineSpec, log_path: Path, inherited_fds: Sequence[int] = ()) -> OllamaEngine:
    """Looks at this moment, so that a replica that replaces another finds what is there now."""
    found = ollama_install()
    kind = OwnOllama if found.program else FoundOllama
    return kind(found, spec, log_path, inherited_fds)
