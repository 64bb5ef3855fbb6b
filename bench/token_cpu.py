"""CPU microseconds for each streamed event: the engine, qorch's gateway, Ray Serve's own ways to stream.

Each way answers the same streams from the same kind of engine; the CPU time of every process that works for it is
read before and after. `python -m bench.token_cpu [--rounds N]`
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from bench.fleet import cpu_s, engine_alone, fleet, ray_head
from bench.haproxy import haproxy
from bench.load import Shape, run_streams
from bench.stream import COMPLETIONS, Target
from bench.tables import median, report, rounds_from_arguments
from orchestrator.adapters.ports import free_ports

CONCURRENCY, STREAMS, TOKENS = 8, 64, 200
PARTS = {
    "llama_cpp_server": "engine",
    "ServeReplica:qorch:gateway": "gateway",
    "ServeReplica": "replica",
    "HAProxyManager": "proxy",
    "ProxyActor": "proxy",
    "haproxy": "haproxy",
}
COLUMNS = ("engine", "gateway", "replica", "proxy", "haproxy", "Ray itself")
Way = tuple[int, list[psutil.Process]]


def main() -> None:
    rounds, json_path = rounds_from_arguments(3)
    ways = {
        "engine alone": _engine(),
        "qorch": _qorch(),
        "Ray Serve, its proxy": _ray_serve(),
        "Ray Serve, throughput-optimised": _ray_serve(RAY_SERVE_THROUGHPUT_OPTIMIZED="1"),
        "Ray Serve, HAProxy ingress": _ray_serve(behind_haproxy=True),
    }
    rows = [_row(name, way, rounds) for name, way in ways.items()]
    title = f"CPU us an event, {STREAMS} streams of {TOKENS} tokens, {CONCURRENCY} at a time, medians of {rounds}"
    report(title, ("way", *COLUMNS, "all", "beyond the engine", "events/s"), rows, json_path)


@contextlib.contextmanager
def _engine() -> Iterator[Way]:
    with tempfile.TemporaryDirectory() as folder, engine_alone(Path(folder)) as port:
        yield port, _engine_processes()


@contextlib.contextmanager
def _qorch() -> Iterator[Way]:
    with fleet() as up:
        yield up.port, up.processes()


@contextlib.contextmanager
def _ray_serve(behind_haproxy: bool = False, **settings: str) -> Iterator[Way]:
    with tempfile.TemporaryDirectory() as name, engine_alone(Path(name)) as engine_port:
        settings |= haproxy(Path(name)) if behind_haproxy else {}
        with ray_head(Path(name), **settings) as (head, _, driver):
            http_port = free_ports(1)[0]
            command = (sys.executable, "-m", "bench.passthrough", str(engine_port), str(http_port))
            subprocess.run(command, env={**driver, **settings}, check=True, capture_output=True)
            time.sleep(3)
            yield http_port, [*head.owner.processes(), *_engine_processes()]


def _engine_processes() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "llama_cpp_server" in " ".join(child.cmdline())]


def _row(name: str, way: contextlib.AbstractContextManager[Way], rounds: int) -> tuple[str, ...]:
    with way as (port, processes):
        target = Target(port, TOKENS, COMPLETIONS)
        run_streams(target, Shape(CONCURRENCY, CONCURRENCY))  # warm
        runs = [_measured(target, processes) for _ in range(rounds)]
    cells = {part: median(run[part] for run in runs) for part in (*COLUMNS, "events/s")}
    whole = sum(cells[part] for part in COLUMNS)
    figures = [*(cells[part] for part in COLUMNS), whole, whole - cells["engine"]]
    return (name, *(f"{figure:.1f}" for figure in figures), f"{cells['events/s']:,.0f}")


def _measured(target: Target, processes: list[psutil.Process]) -> dict[str, float]:
    before_s = _cpu_s(processes)
    run = run_streams(target, Shape(STREAMS, CONCURRENCY))
    after_s = _cpu_s(processes)
    each_us = {part: (after_s[part] - before_s[part]) * 1e6 / run.events for part in COLUMNS}
    return {**each_us, "events/s": run.events_per_s}


def _cpu_s(processes: list[psutil.Process]) -> dict[str, float]:
    """By part."""
    found = dict.fromkeys(COLUMNS, 0.0)
    for process in processes:
        with contextlib.suppress(psutil.Error):
            line = " ".join(process.cmdline())
            part = next((part for mark, part in PARTS.items() if mark in line), "Ray itself")
            found[part] += cpu_s([process])
    return found


if __name__ == "__main__":
    main()
