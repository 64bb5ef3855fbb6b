"""`qorch --help` and `qorch status` with a fleet up. Goals: 0.2 s and 1 s. `python -m bench.cli [--rounds N]`"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from bench.fleet import QORCH, fleet
from bench.tables import median, report, rounds_from_arguments


def main() -> None:
    rounds, json_path = rounds_from_arguments(9)
    with fleet() as up:
        commands: dict[str, Callable[[], object]] = {
            "python -c pass": lambda: subprocess.run((sys.executable, "-c", "pass"), check=True),
            "qorch --help (goal 0.2 s)": lambda: subprocess.run((*QORCH, "--help"), check=True, capture_output=True),
            "qorch status (goal 1 s)": lambda: up.qorch("status"),
        }
        times = {name: median(_took_s(run) for _ in range(rounds)) for name, run in commands.items()}
    python_s = times["python -c pass"]
    rows = [(name, f"{took_s:.3f}", f"{took_s / python_s:.1f}") for name, took_s in times.items()]
    report(f"The command line, medians of {rounds}", ("command", "s", "times python"), rows, json_path)


def _took_s(run: Callable[[], object]) -> float:
    started_s = time.perf_counter()
    run()
    return time.perf_counter() - started_s


if __name__ == "__main__":
    main()
