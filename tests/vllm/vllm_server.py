"""A real vLLM server over a checkpoint, run by the interpreter that `QORCH_VLLM_PYTHON` names."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from orchestrator.adapters.ports import free_ports

STARTS_WITHIN_S = 600  # 30 to 60 s on two quiet cores
ON_A_CPU = {"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1"}
SMALL = ("--max-model-len", "4096", "--max-num-seqs", "8", "--num-gpu-blocks-override", "64")


def vllm_python() -> str:
    """Skips the test where no interpreter is named; one that is named must be there."""
    named = os.environ.get("QORCH_VLLM_PYTHON")
    if not named:
        pytest.skip("QORCH_VLLM_PYTHON names no interpreter with vLLM; python -m bench.vllm_cpu FOLDER makes one")
    return named


@contextmanager
def vllm_server(checkpoint: Path, log: Path, *arguments: str, environment: dict[str, str]) -> Iterator[str]:
    """The address of a server that is ready; its whole process group ends with the block."""
    (port,) = free_ports(1)
    serve = [vllm_python(), "-m", "vllm.entrypoints.cli.main", "serve", str(checkpoint), *SMALL]
    command = [*serve, "--host", "127.0.0.1", "--port", str(port), *arguments]
    with log.open("wb") as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=file, env={**os.environ, **ON_A_CPU, **environment}, start_new_session=True
        )
        try:
            _wait(f"http://127.0.0.1:{port}/health", process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline_s = time.monotonic() + STARTS_WITHIN_S
    while not _answers(url):
        if process.poll() is not None or time.monotonic() > deadline_s:
            pytest.fail(f"vLLM did not start:\n{log.read_text()[-3000:]}")
        time.sleep(1)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False
