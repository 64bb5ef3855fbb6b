"""What a killed process does to a stream that runs, and how long nobody is served."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import psutil

from orchestrator.adapters.ports import LOOPBACK

STREAM_TOKENS = 3000  # many seconds of it
WARM_S = 1.5
PATIENCE_S = 400.0  # a loaded machine takes minutes
ASK_EVERY_S = 0.2


@dataclass(frozen=True)
class Crash:
    """Seconds since the kill: until the stream ended, the old engine was gone, and a new one answered."""

    stream: str
    stream_s: float
    engine_gone_s: float
    serves_s: float
    replica_lives: bool


def crash(port: int, victim: psutil.Process, replica: psutil.Process, engine: Sequence[psutil.Process]) -> Crash:
    """Kill the victim under a running stream; only an answer given when the old engine is gone counts."""
    with ThreadPoolExecutor(1) as pool:
        stream = pool.submit(_stream_end, port)
        time.sleep(WARM_S)
        begin_s = time.perf_counter()
        victim.kill()
        gone_s = _until(lambda: not any(map(_lives, engine))) - begin_s
        serves_s = _until(lambda: answers(port)) - begin_s
        how, ended_s = stream.result()
    return Crash(how, ended_s - begin_s, gone_s, serves_s, _lives(replica))


def _stream_end(port: int) -> tuple[str, float]:
    """How a long stream ended, and when."""
    body = {"model": "demo", "prompt": "tell me all of the sea", "max_tokens": STREAM_TOKENS, "stream": True}
    received = ""
    try:
        with httpx.stream("POST", _url(port), json=body, timeout=PATIENCE_S) as answer:
            for piece in answer.iter_text():
                received += piece
    except httpx.HTTPError as error:
        return f"cut ({type(error).__name__})", time.perf_counter()
    return _told(received), time.perf_counter()


def _told(received: str) -> str:
    error, done = '"error"' in received, "data: [DONE]" in received
    if error:
        return "error event" + (" and [DONE]" if done else "")
    return "[DONE], no error told" if done else "ends, no error told"


def answers(port: int) -> bool:
    """Whether a completion comes back."""
    body = {"model": "demo", "prompt": "tell me of the sea", "max_tokens": 2}
    with contextlib.suppress(httpx.HTTPError):
        return httpx.post(_url(port), json=body, timeout=5).is_success
    return False


def _url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}/v1/completions"


def _lives(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def _until(holds: Callable[[], bool]) -> float:
    """When it held; never, as infinity."""
    deadline_s = time.perf_counter() + PATIENCE_S
    while not holds():
        if time.perf_counter() > deadline_s:
            return float("inf")
        time.sleep(ASK_EVERY_S)
    return time.perf_counter()
