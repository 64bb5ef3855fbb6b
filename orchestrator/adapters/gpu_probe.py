"""The NVIDIA GPUs of this host, asked in a child process so that a hanging driver cannot hang qorch."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress

import pydantic

from orchestrator.core.errors import EnvironmentNotReady
from orchestrator.core.inventory import Gpu, GpuDriver

ANSWER = pydantic.TypeAdapter(tuple[GpuDriver, tuple[Gpu, ...]])
TIMEOUT_S = 5.0
KILL_WAIT_S = 1.0  # a process that is stuck inside the kernel does not even die; we do not wait for it
HINT = "nvidia-smi"


def probe_gpus(timeout_s: float = TIMEOUT_S) -> tuple[GpuDriver, tuple[Gpu, ...]]:
    """The driver and its GPUs; a host without a driver has none and `absent` says why.

    Raises EnvironmentNotReady where NVML hangs, crashes or refuses: the GPUs are then unknown, never "none".
    """
    child = start(timeout_s + KILL_WAIT_S)
    try:
        answer, complaint = child.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise EnvironmentNotReady(
            f"NVML did not answer in {timeout_s:g} s, so the GPUs of this host are not known", hint=HINT
        ) from None
    finally:
        end(child)
    if child.returncode:
        raise EnvironmentNotReady(why_ended(child.returncode, complaint), hint=HINT)
    return decode(answer)


def start(limit_s: float, every_s: float | None = None) -> subprocess.Popen[str]:
    """Start the child in a process group of its own, which can be killed as a whole."""
    again = [] if every_s is None else [str(every_s)]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "orchestrator.adapters.nvml", str(limit_s), *again],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )


def kill(child: subprocess.Popen[str]) -> None:
    """Kill the child's group, unless its status was taken: another may have its number then."""
    if child.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


def end(child: subprocess.Popen[str]) -> None:
    """Kill the child's group unless the child has ended well, and take its status so that no zombie stays."""
    kill(child)
    with suppress(subprocess.TimeoutExpired):
        child.wait(KILL_WAIT_S)
    for pipe in (child.stdout, child.stderr):
        if pipe:
            pipe.close()


def why_ended(returncode: int, complaint: str) -> str:
    """The child's own last words, or the signal that ended it."""
    words = complaint.strip().splitlines()
    if returncode == -signal.SIGALRM:
        return f"NVML did not answer in {TIMEOUT_S:g} s, so the GPUs of this host are not known"
    if returncode < 0:
        return f"the NVML probe was ended by {signal.Signals(-returncode).name}, so the GPUs are not known"
    return words[-1] if words else f"the NVML probe ended with exit code {returncode}"


def decode(answer: str) -> tuple[GpuDriver, tuple[Gpu, ...]]:
    """The child's JSON as dataclasses, every field checked."""
    try:
        return ANSWER.validate_json(answer, strict=True)
    except pydantic.ValidationError as wrong:
        raise EnvironmentNotReady(f"the NVML probe gave no readable answer: {wrong}", hint=HINT) from wrong
