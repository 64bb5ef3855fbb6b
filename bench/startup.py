"""From `qorch up` to the first streamed token, beside Ray and Serve with a trivial app plus the engine's own load.

Goal: at most 1.25 times. `python -m bench.startup [--rounds N]`
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.fleet import BenchFleet, engine_alone, ray_head
from bench.load import Shape, stream_here
from bench.stream import Target
from bench.tables import median, report, rounds_from_arguments
from orchestrator.adapters.ports import free_ports

TRIVIAL = """
import ray
from ray import serve
ray.init(log_to_driver=False, logging_level="ERROR")
serve.start(proxy_location="Disabled")
class Trivial:
    def hello(self): return "hello"
handle = serve.run(serve.deployment(Trivial).options(ray_actor_options={"num_cpus": 0}).bind(), route_prefix=None)
assert handle.hello.remote().result() == "hello"
"""
ONE = Shape(streams=1, concurrency=1)


def qorch_s() -> float:
    with tempfile.TemporaryDirectory() as home:
        made = BenchFleet(Path(home), free_ports(1)[0])
        started_s = time.perf_counter()
        made.up("--profile", "demo-gguf")
        stream_here(Target(made.port, tokens=1), ONE)
        took_s = time.perf_counter() - started_s
        made.qorch("down")
        return took_s


def baseline_s() -> tuple[float, float]:
    """Ray and Serve with a trivial application, and the engine alone to its first token."""
    with tempfile.TemporaryDirectory() as folder:
        started_s = time.perf_counter()
        with ray_head(Path(folder)) as (_, _, driver):
            subprocess.run((sys.executable, "-c", TRIVIAL), env=driver, check=True, capture_output=True)
            ray_s = time.perf_counter() - started_s
        started_s = time.perf_counter()
        with engine_alone(Path(folder)) as port:
            stream_here(Target(port, tokens=1), ONE)
            return ray_s, time.perf_counter() - started_s


def main() -> None:
    rounds, json_path = rounds_from_arguments(3)
    ours, rays, engines = [], [], []
    for _ in range(rounds):
        ours.append(qorch_s())
        ray_s, engine_s = baseline_s()
        rays.append(ray_s)
        engines.append(engine_s)
    ratio = median(mine / (ray + engine) for mine, ray, engine in zip(ours, rays, engines, strict=True))
    rows = [
        ("qorch up to the first token", f"{median(ours):.2f}", f"{ratio:.2f}"),
        ("Ray + Serve, trivial app", f"{median(rays):.2f}", ""),
        ("engine alone to its first token", f"{median(engines):.2f}", ""),
    ]
    title = f"Start-up, medians of {rounds} alternating rounds (goal: ratio <= 1.25)"
    report(title, ("what", "s", "ratio"), rows, json_path)


if __name__ == "__main__":
    main()
