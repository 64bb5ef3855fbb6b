"""qorch's replica, which owns a `vllm serve`, beside Ray's `ray.serve.llm`, which has vLLM's front in the replica.

`python -m bench.serve_llm [--rounds N]` prints markdown. QORCH_VLLM_PYTHON names an interpreter that has vLLM's CPU
build and, for this alone, what Ray's `llm` extra needs (bench/README.md). All ways stand at once, with the same words
of vLLM's over the same weights, and are measured in turns.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import quantiles
from typing import Any

import psutil

from bench.crash import crash
from bench.fleet import cpu_s
from bench.load import Shape, Streams, run_streams
from bench.serve_llm_ways import APP, Way, qorch, serve_llm
from bench.stream import COMPLETIONS, Target
from bench.tables import each_way, markdown, median, rounds_from_arguments, spread
from orchestrator.adapters.engines.vllm_install import vllm_install

CONCURRENCY, STREAMS_EACH, TOKENS = (1, 8, 32), 3, 64
MIB = 2**20
NOT_CRASHED = "batching 0 ms"  # it would tell nothing that the default does not
RAY_WAYS: Mapping[str, Mapping[str, Any]] = {
    "ray.serve.llm": {},
    NOT_CRASHED: {"interval_ms": 0},
    "direct streaming": {"direct": True},
}
VICTIMS = ("VLLM::EngineCore", "the replica")
COUNT = "import importlib.metadata as m; print(len({one.name for one in m.distributions()}))"
WAYS = ("way", "start to an answer, s", "memory beside the engine, MiB", "of the engine, MiB", "processes")
LOADS = ("at once", "way", "tok/s", "quartiles", "TTFT ms", "gap p99 ms", "gap max ms", "CPU s / 1,000 tokens")
CRASHES = ("killed", "way", "a running stream", "ended, s", "old engine gone, s", "serves again, s", "replica")


@dataclass(frozen=True)
class Measured:
    """A load, and the CPU seconds that everything but the engine's own processes spent on it."""

    streams: Streams
    cpu_s: float


def main() -> None:
    rounds, _ = rounds_from_arguments(3)
    python = vllm_install().python
    subprocess.run((python, "-c", f"import {APP}"), check=True, stdout=subprocess.DEVNULL)  # a check, and it warms
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}; packages: ", end="")
    print(f"qorch {_packages(sys.executable)}, vLLM's and Ray's together {_packages(python)}\n", flush=True)
    with contextlib.ExitStack() as stack:
        ours, spec = stack.enter_context(qorch())
        ways = [ours, *(stack.enter_context(serve_llm(name, spec, **how)) for name, how in RAY_WAYS.items())]
        print(markdown(WAYS, map(_way_row, ways)), flush=True)
        print(markdown(LOADS, _load_rows(ways, rounds)), flush=True)
        print(markdown(CRASHES, _crash_rows([way for way in ways if way.name != NOT_CRASHED])), flush=True)
    print(f"load of the machine after: {os.getloadavg()[0]:.1f}")


def _packages(python: str) -> int:
    return int(subprocess.run((python, "-c", COUNT), check=True, capture_output=True, text=True).stdout)


def _way_row(way: Way) -> tuple[str, ...]:
    engine, rest = way.engine(), way.rest()
    memory = (sum(map(_unfiled_bytes, part)) / MIB for part in (rest, engine))
    return (way.name, f"{way.start_s:.1f}", *(f"{mib:,.0f}" for mib in memory), str(len(engine + rest)))


def _unfiled_bytes(process: psutil.Process) -> int:
    """Its share of the memory that is no file's: the ways map the same files (proc(5), smaps_rollup)."""
    lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()[1:]
    kib = {name: int(value.split()[0]) for name, _, value in (line.partition(":") for line in lines)}
    return 1024 * (kib["Pss_Anon"] + kib["Pss_Shmem"])


def _load_rows(ways: Sequence[Way], rounds: int) -> Iterator[tuple[str, ...]]:
    for concurrency in CONCURRENCY:
        each_way(ways, partial(_measured, Shape(concurrency, concurrency)), 1)  # warm
        found = each_way(ways, partial(_measured, Shape(concurrency * STREAMS_EACH, concurrency)), rounds)
        for way, runs in zip(ways, found, strict=True):
            yield (str(concurrency), way.name, *_load_cells(runs))


def _measured(shape: Shape, way: Way) -> Measured:
    rest = way.rest()
    before_s = cpu_s(rest)
    found = run_streams(Target(way.port, TOKENS, COMPLETIONS, fresh=True), shape)
    return Measured(found, cpu_s(rest) - before_s)


def _load_cells(runs: Sequence[Measured]) -> tuple[str, ...]:
    """Medians over the rounds; the longest gap is that of the round in the middle."""
    tok_s = [run.streams.tok_s for run in runs]
    ttft_ms = 1000 * median(median(run.streams.first_event_s) for run in runs)
    p99_ms = 1000 * median(quantiles(run.streams.gaps_s, n=100, method="inclusive")[-1] for run in runs)
    max_ms = 1000 * median(max(run.streams.gaps_s) for run in runs)
    each_cpu_s = median(1000 * run.cpu_s / run.streams.tokens for run in runs)
    milliseconds = (f"{one_ms:.0f}" for one_ms in (ttft_ms, p99_ms, max_ms))
    return (f"{median(tok_s):,.0f}", spread(tok_s, ",.0f"), *milliseconds, f"{each_cpu_s:.2f}")


def _crash_rows(ways: Sequence[Way]) -> Iterator[tuple[str, ...]]:
    for victim in VICTIMS:
        for way in ways:
            yield (victim, way.name, *_crash_cells(way, victim))


def _crash_cells(way: Way, victim: str) -> tuple[str, ...]:
    replica, engine = way.titled(way.replica_title), way.engine()
    found = crash(way.port, replica if victim == VICTIMS[1] else way.titled(victim), replica, engine)
    seconds = (f"{one_s:.1f}" for one_s in (found.stream_s, found.engine_gone_s, found.serves_s))
    return (found.stream, *seconds, "lives" if found.replica_lives else "replaced")


if __name__ == "__main__":
    main()
