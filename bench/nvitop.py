"""What `qorch top` costs beside nvitop, each in a terminal of 200x50 over the same eight GPUs, which all change once a
second: `python -m bench.nvitop NVITOP [--rounds N]`, with the path of an nvitop that was installed elsewhere.

The GPUs are those of the tests' stand-in for NVML, which has what nvitop shows by default but for clocks, fans and the
like; `qorch top` shows eight replicas on them as well.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import NamedTuple

from bench.tables import each_way, median, report
from bench.top import COLUMNS, HEAD, LINES, SETTLE_S, WATCH_S, app_command, terminal
from tests.adapters.nvml_stand_in import A100, NvmlStandIn

GPUS = 8


class Way(NamedTuple):
    """A program, and what is in its first frame."""

    name: str
    command: Sequence[str]
    shows: bytes


class Cost(NamedTuple):
    first_frame_s: float
    cpu_percent: float
    bytes_per_s: float
    memory_mb: float


def measure(way: Way) -> Cost:
    with terminal(way.command) as shown:
        first_s = shown.shows_s(way.shows)
        shown.read_for(SETTLE_S)
        before_s = shown.cpu_s()
        written = shown.read_for(WATCH_S)
        spent_s = shown.cpu_s() - before_s
        return Cost(first_s, 100 * spent_s / WATCH_S, written / WATCH_S, shown.memory_bytes() / 1e6)


@contextmanager
def changing_gpus() -> Iterator[None]:
    """Of this process's children, until it is left."""
    with TemporaryDirectory() as folder:
        stand_in, done = NvmlStandIn(Path(folder)), Event()
        os.environ |= stand_in.environment
        os.environ.pop("CUDA_VISIBLE_DEVICES", None)
        _answer(stand_in, 0)
        changing = Thread(target=_go_on, args=(stand_in, done))
        changing.start()
        try:
            yield
        finally:
            done.set()
            changing.join()


def _go_on(stand_in: NvmlStandIn, done: Event) -> None:
    second = 0
    while not done.wait(1.0):
        second += 1
        _answer(stand_in, second)


def _answer(stand_in: NvmlStandIn, second: int) -> None:
    stand_in.answer(*(_gpu(index, second) for index in range(GPUS)))


def _gpu(index: int, second: int) -> dict[str, object]:
    busy = (31 * second + 13 * index) % 100
    return A100 | {
        "uuid": f"GPU-{index}",
        "pci": f"00000000:{index + 7:02x}:00.0",
        "utilization": busy,
        "memory_used_mib": 1024 + 700 * busy,
        "temperature": 30 + busy // 2,
        "power_mw": 60_000 + 3000 * busy,
    }


def _cells(costs: list[Cost]) -> tuple[str, ...]:
    first_s, cpu_percent, bytes_per_s, memory_mb = map(median, zip(*costs, strict=True))
    return f"{first_s:.2f}", f"{cpu_percent:.1f}", f"{bytes_per_s:,.0f}", f"{memory_mb:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("nvitop", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    ways = (
        Way("qorch top", app_command("top_gpus_app", str(GPUS)), HEAD),
        Way("nvitop", (str(arguments.nvitop), "--monitor", "full", "--interval", "1"), b"Driver Version"),
    )
    with changing_gpus():
        found = each_way(ways, measure, arguments.rounds)
    rows = [(way.name, *_cells(costs)) for way, costs in zip(ways, found, strict=True)]
    headers = ("program", "first frame s", "CPU %", "bytes/s", "RSS MB")
    report(f"{GPUS} GPUs in {COLUMNS}x{LINES}, medians of {arguments.rounds}", headers, rows)


if __name__ == "__main__":
    main()
