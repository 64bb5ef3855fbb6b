"""What `qorch top` costs in a real terminal of 200x50. `python -m bench.top [--rounds N]`

Goals, at 10,000 replicas that all change once a second, sorted and filtered: 3 % of a core, 50 ms from key to paint
(p99), a first frame in 0.6 s, 90 MB; idle, no bytes and 0.5 % of a core.
"""

from __future__ import annotations

import os
import pty
import select
import signal
import struct
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import ioctl
from statistics import quantiles
from termios import TIOCSWINSZ

import psutil

from bench.tables import median, report, rounds_from_arguments

LINES, COLUMNS = 50, 200
SETTLE_S, WATCH_S = 4.0, 15.0
IDLE_SETTLE_S, IDLE_WATCH_S = 60.0, 60.0  # until the trends, which go a place on at each look, are full
KEYS = 60
HEAD = b"REPLICA"  # of the table
QUIET_S = 0.05  # without output, before a key is pressed: what comes next is its answer


@dataclass(frozen=True)
class Cost:
    """Of one run."""

    first_frame_s: float
    cpu_percent: float
    bytes_per_s: float
    memory_mb: float
    key_p50_s: float
    key_p99_s: float


class Terminal:
    """The other end of a dashboard's terminal."""

    def __init__(self, command: Sequence[str]) -> None:
        self.started_s = time.perf_counter()
        self.pid, self._door = pty.fork()
        if not self.pid:
            os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
            os.execv(command[0], [*command])
        ioctl(self._door, TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        self.process = psutil.Process(self.pid)

    def read(self, seconds: float) -> bytes:
        """What is written in so long, as soon as some is."""
        if not select.select([self._door], [], [], seconds)[0]:
            return b""
        return os.read(self._door, 1 << 20)

    def read_for(self, seconds: float) -> int:
        """How many bytes come."""
        ends_s, count = time.perf_counter() + seconds, 0
        while (left_s := ends_s - time.perf_counter()) > 0:
            count += len(self.read(left_s))
        return count

    def press(self, key: bytes) -> float:
        """Seconds until something is painted."""
        while self.read(QUIET_S):
            pass
        pressed_s = time.perf_counter()
        os.write(self._door, key)
        self.read(2.0)
        return time.perf_counter() - pressed_s

    def shows_s(self, text: bytes) -> float:
        """Seconds from its start until this is there."""
        seen = b""
        while text not in seen:
            seen = seen[-64:] + self.read(10.0)
        return time.perf_counter() - self.started_s

    def cpu_s(self) -> float:
        """Of the processor, its children's included."""
        return sum(sum(each.cpu_times()[:2]) for each in self._processes())

    def memory_bytes(self) -> int:
        """Its resident set, and its children's."""
        return sum(each.memory_info().rss for each in self._processes())

    def _processes(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def type(self, keys: bytes) -> None:
        os.write(self._door, keys)
        self.read_for(1.0)


@contextmanager
def terminal(command: Sequence[str]) -> Iterator[Terminal]:
    """A program in it, ended afterwards."""
    made = Terminal(command)
    try:
        yield made
    finally:
        os.kill(made.pid, signal.SIGKILL)
        os.waitpid(made.pid, 0)


def app_command(module: str, *words: str) -> tuple[str, ...]:
    """The dashboard as a module of this package shows it."""
    return sys.executable, "-m", f"bench.{module}", *words


def measure(rows: int, idle: bool = False) -> Cost:
    with terminal(app_command("top_app", str(rows), "idle" if idle else "busy")) as shown:
        first_s = shown.shows_s(HEAD)
        settle_s, watch_s = (IDLE_SETTLE_S, IDLE_WATCH_S) if idle else (SETTLE_S, WATCH_S)
        shown.read_for(settle_s)
        if not idle:
            shown.type(b"/!gptq\r")  # filtered, and apart from that,
            shown.type(b">>>>")  # sorted by a value that changes
        before_s = shown.cpu_s()
        written = shown.read_for(watch_s)
        spent_s = shown.cpu_s() - before_s
        keys = [shown.press(b"k" if number % 2 else b"j") for number in range(KEYS)]
        return Cost(
            first_s,
            100 * spent_s / watch_s,
            written / watch_s,
            shown.memory_bytes() / 1e6,
            median(keys),
            quantiles(keys, n=100, method="inclusive")[98],
        )


def main() -> None:
    rounds, json_path = rounds_from_arguments(1)
    cases = {"idle, 100": (100, True), "100": (100, False), "1,000": (1000, False), "10,000": (10_000, False)}
    rows = [(name, *_cells([measure(*case) for _ in range(rounds)])) for name, case in cases.items()]
    headers = ("replicas", "first frame s", "CPU %", "bytes/s", "RSS MB", "key p50 ms", "key p99 ms")
    report(f"qorch top in {COLUMNS}x{LINES}, medians of {rounds}", headers, rows, json_path)


def _cells(costs: list[Cost]) -> tuple[str, ...]:
    return (
        f"{median(cost.first_frame_s for cost in costs):.2f}",
        f"{median(cost.cpu_percent for cost in costs):.1f}",
        f"{median(cost.bytes_per_s for cost in costs):,.0f}",
        f"{median(cost.memory_mb for cost in costs):.0f}",
        f"{1000 * median(cost.key_p50_s for cost in costs):.0f}",
        f"{1000 * median(cost.key_p99_s for cost in costs):.0f}",
    )


if __name__ == "__main__":
    main()
