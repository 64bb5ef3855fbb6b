"""Which engines this installation can start."""

from __future__ import annotations

from importlib.util import find_spec

from orchestrator.core.plan import Availability
from orchestrator.core.profile import EngineName

NOT_YET = "this version of qorch starts llama.cpp only"


def installed_engines() -> dict[EngineName, Availability]:
    """Each engine: there, or why not."""
    here = find_spec("xllamacpp") is not None
    llama_cpp = Availability(here, here, "installed" if here else "the package xllamacpp is not installed")
    missing = Availability(obtainable=False, on_disk=False, reason=NOT_YET)
    return {EngineName.LLAMA_CPP: llama_cpp, EngineName.VLLM: missing, EngineName.OLLAMA: missing}
