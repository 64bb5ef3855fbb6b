"""Memory and CPU of an idle fleet, beyond what Ray and Serve take with a trivial application.

PSS: each page's size shared among those that map it. `python -m bench.memory`
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

from bench.fleet import cpu_s, fleet, ray_head
from bench.startup import TRIVIAL
from bench.tables import report, rounds_from_arguments

MIB = 2**20
IDLE_S = 20.0
KINDS = (
    "ServeReplica:qorch:gateway", "ServeReplica:qorch:demo", "llama_cpp_server", "ServeReplica", "ServeController",
)  # fmt: skip


def main() -> None:
    _, json_path = rounds_from_arguments(1)
    with fleet() as up:
        time.sleep(5)
        ours, cpu = _memory(up.processes()), _idle_cpu(up.processes())
    with tempfile.TemporaryDirectory() as folder, ray_head(Path(folder)) as (head, _, driver):
        keeps = "\nimport time; time.sleep(60)"
        with subprocess.Popen((sys.executable, "-c", TRIVIAL + keeps), env=driver) as trivial:
            time.sleep(15)
            theirs = [process for process in head.owner.processes() if process.pid != trivial.pid]
            rays, ray_cpu = _memory(theirs), _idle_cpu(theirs)
            trivial.kill()
    rows = [(kind, f"{ours[kind] / MIB:.0f}", f"{rays[kind] / MIB:.0f}") for kind in sorted(ours | rays)]
    total, ray_total = sum(ours.values()), sum(rays.values())
    rows.append(("all", f"{total / MIB:.0f}", f"{ray_total / MIB:.0f}"))
    rows.append(("beyond Ray's own", f"{(total - ray_total) / MIB:.0f}", ""))
    rows.append((f"idle CPU over {IDLE_S:g} s, % of a core", f"{cpu:.1f}", f"{ray_cpu:.1f}"))
    report("Memory of an idle fleet, PSS in MiB", ("what", "qorch", "Ray + trivial app"), rows, json_path)


def _memory(processes: list[psutil.Process]) -> Counter[str]:
    found: Counter[str] = Counter()
    for process in processes:
        line = " ".join(process.cmdline())
        found[next((kind for kind in KINDS if kind in line), "Ray itself")] += process.memory_full_info().pss
    return found


def _idle_cpu(processes: list[psutil.Process]) -> float:
    before = cpu_s(processes)
    time.sleep(IDLE_S)
    return 100 * (cpu_s(processes) - before) / IDLE_S


if __name__ == "__main__":
    main()
