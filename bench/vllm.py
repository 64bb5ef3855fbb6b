"""vLLM through qorch against the same vLLM server asked directly, and how long each takes to start.

`python -m bench.vllm` prints the table; QORCH_VLLM_PYTHON names an interpreter with vLLM's CPU build. One server
answers both ways, in turns, so the ratio is the gateway's alone; the start is compared with a `vllm serve` of the same
words.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from bench.fleet import BenchFleet, fleet
from bench.tables import each_way, markdown, median, rounds_from_arguments
from orchestrator.adapters.engines.vllm_install import vllm_install
from orchestrator.adapters.fleet_files import FleetFiles
from orchestrator.adapters.load_clients import LoadClients
from orchestrator.adapters.ports import LOOPBACK, free_ports
from orchestrator.core.fit_report import MeasuredLoad
from orchestrator.core.load_time import Load

PROFILE = ("--profile", "bf16", "--model", "demo", "--engine", "vllm", "--device", "cpu")
CONCURRENCY = (1, 8, 32)
PROMPT_TOKENS, OUTPUT_TOKENS = 64, 64
HEADERS = ("at once", "tok/s direct", "tok/s qorch", "ratio", "TTFT ms direct", "TTFT ms qorch", "added ms")


def main() -> None:
    rounds, _ = rounds_from_arguments(3)
    with fleet(*PROFILE) as running:
        engine = running.engine()
        arguments = _arguments(running)
        print(markdown(HEADERS, list(_rows(running.port, engine["port"], rounds))))
    alone_s = _start_s(arguments)
    print(
        f"\nstart to a healthy server: {alone_s:.1f} s alone; to a first completion in qorch: {engine['load_s']:.1f} s"
    )
    print(f"ratio {engine['load_s'] / alone_s:.2f}, vLLM {vllm_install().version}")


def _rows(gateway_port: int, engine_port: int, rounds: int) -> Iterator[tuple[str, ...]]:
    ways = [LoadClients(f"http://{LOOPBACK}:{port}/v1", "demo", None) for port in (engine_port, gateway_port)]
    for concurrency in CONCURRENCY:
        load = Load(concurrency, PROMPT_TOKENS, OUTPUT_TOKENS)
        direct, through = each_way(ways, lambda clients, load=load: clients.run(load), rounds)
        yield _row(concurrency, direct, through)


def _row(concurrency: int, direct: list[MeasuredLoad], through: list[MeasuredLoad]) -> tuple[str, ...]:
    """Medians over the rounds."""
    direct_tok_s, tok_s = (median(one.tok_s for one in way) for way in (direct, through))
    direct_ms, ms = (1000 * median(one.ttft_s for one in way) for way in (direct, through))
    return (
        str(concurrency), f"{direct_tok_s:,.0f}", f"{tok_s:,.0f}", f"{tok_s / direct_tok_s:.3f}",
        f"{direct_ms:.1f}", f"{ms:.1f}", f"{ms - direct_ms:+.1f}",
    )  # fmt: skip


def _arguments(running: BenchFleet) -> tuple[str, ...]:
    record = FleetFiles(Path(running.home) / "state", "default").read()
    assert record is not None
    assert record.deployed is not None
    return record.deployed.variants[0].engine.arguments


def _start_s(arguments: tuple[str, ...]) -> float:
    """Until `vllm serve` of the same words is healthy."""
    (port,) = free_ports(1)
    command = [vllm_install().python, "-P", "-m", "vllm.entrypoints.cli.main", "serve", *arguments]
    begin = time.perf_counter()
    with subprocess.Popen(
        [*command, "--host", LOOPBACK, "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        while not _healthy(port):
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
