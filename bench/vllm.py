"""vLLM through qorch against the same vLLM server asked directly, and how long each takes to start.

`python -m bench.vllm` prints the table; QORCH_VLLM_PYTHON names an interpreter with vLLM, whose build says whether it
runs on a GPU or on the CPU. One server answers both ways, in turns, so the ratio is the gateway's alone; the start is
compared with a `vllm serve` of the same words. The first token's time is that of answers of one token: where few cores
are shared, vLLM's HTTP server gets one only when its engine rests, and what it sends first then holds many tokens,
whoever asked.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx

from bench.fleet import BenchFleet, fleet
from bench.load import in_process
from bench.tables import each_way, markdown, median, rounds_from_arguments, spread
from orchestrator.adapters.engines.vllm_install import vllm_install
from orchestrator.adapters.fleet_files import FleetFiles
from orchestrator.adapters.load_clients import LoadClients
from orchestrator.adapters.ports import LOOPBACK, free_ports
from orchestrator.core.load_time import Load

PROFILE = ("--profile", "bf16", "--model", "demo", "--engine", "vllm")
CONCURRENCY = (1, 8, 32)
PROMPT_TOKENS, OUTPUT_TOKENS = 64, 64
STARTS = 3
MOST_RUNS = 8  # of one client in a round; fewer of many
HEADERS = (
    "at once", "tok/s direct", "tok/s qorch", "ratio", "quartiles", "TTFT ms direct", "TTFT ms qorch", "added ms",
    "quartiles",
)  # fmt: skip


@dataclass(frozen=True)
class Speed:
    """What one round gave."""

    tok_s: float
    ttft_s: float


def main() -> None:
    rounds, _ = rounds_from_arguments(7)
    device = "cpu" if vllm_install().cpu_build else "gpu"
    profile = (*PROFILE, "--device", device)
    with fleet(*profile) as running:
        rows = list(_rows(running.port, running.engine()["port"], rounds))
        print(markdown(HEADERS, rows), flush=True)
        arguments = _arguments(running)
        running.down()
        starts = (partial(_alone_s, arguments), partial(_in_qorch_s, running, profile))
        alone, in_qorch = each_way(starts, lambda start: start(), STARTS)
    ratios = [ours / theirs for theirs, ours in zip(alone, in_qorch, strict=True)]
    print(
        f"\nto a healthy server: {median(alone):.1f} s alone; to a first completion: {median(in_qorch):.1f} s in qorch"
    )
    print(f"ratio {median(ratios):.2f} ({spread(ratios, '.2f')}), vLLM {vllm_install().version} on the {device}")


def _rows(gateway_port: int, engine_port: int, rounds: int) -> Iterator[tuple[str, ...]]:
    for concurrency in CONCURRENCY:
        many, one = (
            each_way((engine_port, gateway_port), partial(_measured, Load(concurrency, PROMPT_TOKENS, tokens)), rounds)
            for tokens in (OUTPUT_TOKENS, 1)
        )
        yield _row(concurrency, many, one)


def _measured(load: Load, port: int) -> Speed:
    """From a process of its own."""
    return in_process(_measure, load, port)


def _measure(load: Load, port: int) -> Speed:
    clients = LoadClients(f"http://{LOOPBACK}:{port}/v1", "demo", None)
    runs = [clients.run(load) for _ in range(max(1, MOST_RUNS // load.concurrency))]
    return Speed(median(run.tok_s for run in runs), median(run.ttft_s for run in runs))


def _row(concurrency: int, many: list[list[Speed]], one: list[list[Speed]]) -> tuple[str, ...]:
    """Medians over the rounds, of answers of many tokens and of one: each a list of rounds, direct and through."""
    ratios = [through.tok_s / direct.tok_s for direct, through in zip(*many, strict=True)]
    added_ms = [1000 * (through.ttft_s - direct.ttft_s) for direct, through in zip(*one, strict=True)]
    return (
        str(concurrency),
        *(f"{median(run.tok_s for run in way):,.0f}" for way in many),
        f"{median(ratios):.3f}",
        spread(ratios, ".3f"),
        *(f"{1000 * median(run.ttft_s for run in way):.1f}" for way in one),
        f"{median(added_ms):+.1f}",
        spread(added_ms, "+.1f"),
    )


def _arguments(running: BenchFleet) -> tuple[str, ...]:
    record = FleetFiles(Path(running.home) / "state", "default").read()
    assert record is not None
    assert record.deployed is not None
    return record.deployed.variants[0].engine.arguments


def _in_qorch_s(running: BenchFleet, profile: tuple[str, ...]) -> float:
    """From the engine's start to its first completion, without Ray's own start."""
    running.up(*profile)
    load_s = float(running.engine()["load_s"])
    running.down()
    return load_s


def _alone_s(arguments: tuple[str, ...]) -> float:
    """Until `vllm serve` of the same words is healthy; raises RuntimeError where it ends before."""
    (port,) = free_ports(1)
    command = [vllm_install().python, "-P", "-m", "vllm.entrypoints.cli.main", "serve", *arguments]
    begin = time.perf_counter()
    with subprocess.Popen(
        [*command, "--host", LOOPBACK, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        while not _healthy(port):
            if server.poll() is not None:
                raise RuntimeError(f"vLLM ended with status {server.returncode}: {' '.join(command)}")
            time.sleep(0.1)
        taken_s = time.perf_counter() - begin
        server.terminate()
    return taken_s


def _healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://{LOOPBACK}:{port}/health", timeout=1).is_success
    except httpx.HTTPError:
        return False


if __name__ == "__main__":
    main()
