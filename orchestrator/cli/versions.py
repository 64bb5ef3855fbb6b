"""The versions of qorch and what it stands on."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from orchestrator import __version__

STANDS_ON = ("ray", "xllamacpp", "vllm", "nvidia-ml-py", "huggingface_hub", "gguf")


def versions() -> dict[str, str]:
    return {
        "qorch": __version__,
        "python": platform.python_version(),
        **{name: _installed(name) for name in STANDS_ON},
    }


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
