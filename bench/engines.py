"""Three ways to run llama.cpp in a replica: a child process, its server in the replica's process, native calls.

What a token costs the whole, what memory it takes, and what is left when the engine crashes.
`python -m bench.engines [--rounds N]`
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from bench.fleet import CONTEXT, SLOTS, cpu_s, engine_alone
from bench.load import Shape, in_process, run_streams
from bench.stream import COMPLETIONS, QUESTION, Target
from bench.tables import median, report, rounds_from_arguments
from orchestrator.adapters.demo_model import make_demo_gguf

CONCURRENCY, STREAMS, TOKENS = 8, 64, 200
MIB = 2**20
Figures = tuple[float, float, float]  # CPU us an event, events a second, PSS in MiB


def child_process(folder: Path) -> Figures:
    """What qorch does: the owner only holds the pipe."""
    with engine_alone(folder) as port:
        engine = psutil.Process().children()[-1]
        return _over_http(port, [psutil.Process(), engine])


def same_process(folder: Path) -> Figures:
    """The server's threads in the owner's process, over loopback HTTP."""
    server = _server(folder)
    return _over_http(urlsplit(server.listening_address).port or 0, [psutil.Process()])


def native_calls(folder: Path) -> Figures:
    """No HTTP: each event reaches a Python callback under the interpreter's lock, and would still have to be sent."""
    server, owner = _server(folder), psutil.Process()
    events: list[object] = []
    request = {"model": "demo", "prompt": QUESTION, "max_tokens": TOKENS, "stream": True, "temperature": 0}
    before_s, started_s = cpu_s([owner]), time.perf_counter()
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        list(pool.map(lambda _: server.handle_completions(request, events.append), range(STREAMS)))
    took_s = time.perf_counter() - started_s
    spent_us = (cpu_s([owner]) - before_s) * 1e6
    return spent_us / len(events), len(events) / took_s, owner.memory_full_info().pss / MIB


WAYS: dict[str, Callable[[Path], Figures]] = {
    "child process, HTTP": child_process,
    "same process, HTTP": same_process,
    "same process, native calls": native_calls,
}
CRASH = "import ctypes; ctypes.string_at(0)"


def main() -> None:
    rounds, json_path = rounds_from_arguments(3)
    rows = []
    for name, way in WAYS.items():
        with tempfile.TemporaryDirectory() as folder:
            runs = [in_process(way, Path(folder)) for _ in range(rounds)]
        cpu, rate, memory = (median(run[part] for run in runs) for part in range(3))
        rows.append((name, f"{cpu:.0f}", f"{rate:,.0f}", f"{memory:.0f}", crash_of(name)))
    headers = ("way", "CPU us an event", "events/s", "PSS MiB, owner and engine", "when the engine crashes")
    report(f"Ways to run llama.cpp, {CONCURRENCY} streams at a time, medians of {rounds}", headers, rows, json_path)


def crash_of(name: str) -> str:
    """What becomes of an owner whose engine reads at address 0."""
    in_child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {CRASH!r}])"
    code = f"{in_child if name.startswith('child') else CRASH}\nprint('lives')"
    owner = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=False)
    if "lives" in owner.stdout:
        return "the owner lives"
    return f"the owner dies of {signal.Signals(-owner.returncode).name}"


def _over_http(port: int, processes: list[psutil.Process]) -> Figures:
    before_s = cpu_s(processes)
    run = run_streams(Target(port, TOKENS, COMPLETIONS), Shape(STREAMS, CONCURRENCY))
    spent_us = (cpu_s(processes) - before_s) * 1e6
    memory = sum(process.memory_full_info().pss for process in processes) / MIB
    return spent_us / run.events, run.events_per_s, memory


def _server(folder: Path) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(make_demo_gguf(folder))
    params.n_ctx, params.n_parallel, params.kv_unified = CONTEXT * SLOTS, SLOTS, True
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.cache_ram_mib, params.fit_params, params.ui, params.verbosity = 0, False, False, 1
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
