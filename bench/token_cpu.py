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
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil

from bench.fleet import engine_alone, fleet, ray_head
from bench.load import Target, completion_body, run_streams
from bench.tables import median, report, rounds_from_arguments
from orchestrator.adapters.ports import free_ports

CONCURRENCY, STREAMS, TOKENS = 8, 64, 200
PARTS = {
    "llama_cpp_server": "engine",
    "ServeReplica:qorch:gateway": "gateway",
    "ServeReplica:qorch:engine": "replica",
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
        "Ray Serve, HAProxy ingress": _ray_serve(**haproxy_settings()),
    }
    rows = [_row(name, way, rounds) for name, way in ways.items()]
    title = f"CPU us an event, {STREAMS} streams of {TOKENS} tokens, {CONCURRENCY} at a time, medians of {rounds}"
    report(title, ("way", *COLUMNS, "all", "beyond the engine", "events/s"), rows, json_path)


def haproxy_settings() -> dict[str, str]:
    """Ray's HAProxy ingress takes fixed ports and one fixed folder unless it is told otherwise."""
    ports = free_ports(2)
    return {
        "RAY_SERVE_ENABLE_HA_PROXY": "1",
        "RAY_SERVE_HAPROXY_METRICS_PORT": str(ports[0]),
        "RAY_SERVE_HAPROXY_STATS_PORT": str(ports[1]),
        "RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S": "1",
    }


@contextlib.contextmanager
def _engine() -> Iterator[Way]:
    with tempfile.TemporaryDirectory() as folder, engine_alone(Path(folder)) as port:
        yield port, _engine_processes()


@contextlib.contextmanager
def _qorch() -> Iterator[Way]:
    with fleet() as up:
        yield up.port, up.processes()


@contextlib.contextmanager
def _ray_serve(**settings: str) -> Iterator[Way]:
    with (
        tempfile.TemporaryDirectory() as name,
        engine_alone(Path(name)) as engine_port,
        ray_head(Path(name), **settings) as (head, _, driver),
    ):
        http_port = free_ports(1)[0]
        command = (sys.executable, "-m", "bench.passthrough", str(engine_port), str(http_port))
        subprocess.run(command, env={**driver, **settings}, check=True, capture_output=True)
        time.sleep(3)
        yield http_port, [*head.owner.processes(), *_engine_processes()]


def _engine_processes() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "llama_cpp_server" in " ".join(child.cmdline())]


def _row(name: str, way: contextlib.AbstractContextManager[Way], rounds: int) -> tuple[str, ...]:
    path = "/" if name.startswith("Ray") else "/v1/completions"
    with way as (port, processes):
        target = Target(port, path, completion_body(TOKENS))
        run_streams(target, CONCURRENCY, CONCURRENCY)  # warm
        runs = [_measured(target, processes) for _ in range(rounds)]
    cells = {part: median(run[part] for run in runs) for part in (*COLUMNS, "events/s")}
    whole = sum(cells[part] for part in COLUMNS)
    figures = [*(cells[part] for part in COLUMNS), whole, whole - cells["engine"]]
    return (name, *(f"{figure:.1f}" for figure in figures), f"{cells['events/s']:,.0f}")


def _measured(target: Target, processes: list[psutil.Process]) -> Counter[str]:
    before = _cpu(processes)
    run = run_streams(target, CONCURRENCY, STREAMS)
    assert run.whole == STREAMS, f"{run.whole} of {STREAMS} streams were whole"
    spent = _cpu(processes)
    spent.subtract(before)
    each: Counter[str] = Counter({part: seconds * 1e6 / run.events for part, seconds in spent.items()})  # type: ignore[misc]
    each["events/s"] = run.events_per_s  # type: ignore[assignment]
    return each


def _cpu(processes: list[psutil.Process]) -> Counter[str]:
    """CPU seconds by part."""
    found: Counter[str] = Counter()
    for process in processes:
        with contextlib.suppress(psutil.Error):
            line = " ".join(process.cmdline())
            part = next((part for mark, part in PARTS.items() if mark in line), "Ray itself")
            found[part] += sum(process.cpu_times()[:2])  # type: ignore[assignment]
    return found


if __name__ == "__main__":
    main()
