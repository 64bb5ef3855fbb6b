"""What a look at a fleet costs, apart from its drawing. `python -m bench.watching [--rounds N]`

Goals, at 10,000 replicas that all change: 0.1 s for the snapshot of a reading, and 5 % of a core at a look a second
for recording it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.tables import median, report, rounds_from_arguments
from orchestrator.adapters.recorder import Recorder
from orchestrator.core.fleet import CONTROLLER_REACHABLE, Condition, EngineView, Fleet, FleetPhase, Replica
from orchestrator.core.inventory import Gpu, NotAvailable
from orchestrator.core.live.histogram import Histogram
from orchestrator.core.live.reading import EngineTraffic, HostReading, Reading, SourceState, Traffic
from orchestrator.core.live.recording import Header
from orchestrator.core.live.snapshot import Snapshot
from orchestrator.core.live.watch import WatchMemory, watched

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, inf)
GPUS_OF_A_HOST = 8
LOOKS = 12
UNTOLD = NotAvailable("Not Supported")
LIMIT_BYTES = 1 << 28


def reading(replicas: int, second: int, busy: bool) -> Reading:
    """So many seconds after the first; nothing of an idle fleet goes on."""
    made = random.Random(second if busy else 0)
    at_s, worked_s = 1.8e9 + second, second if busy else 0
    engines = tuple(_replica(index, worked_s, made) for index in range(replicas))
    fleet = Fleet(
        "bench", FleetPhase.READY, "qwen3.5-9b", "qwen3.5-9b-bf16", "vLLM", "http://127.0.0.1:8000/v1", replicas,
        engines, (Condition(CONTROLLER_REACHABLE, True, "Answers", "it answers"),), 
        targets={"qwen3.5-9b-bf16": replicas},
    )  # fmt: skip
    hosts = tuple(_host(first, replicas, made) for first in range(0, replicas, GPUS_OF_A_HOST))
    sources = tuple(SourceState(name, at_s) for name in ("Ray Serve", "gateway", "GPUs"))
    return Reading(at_s, fleet, _traffic(replicas, worked_s, made), hosts, (), sources)


def _replica(index: int, worked_s: int, made: random.Random) -> Replica:
    running = made.randrange(64)
    engine = EngineView(
        1000 + index, 40000, True, "answers completions", 38.0, 64, running, running, made.randrange(8),
        worked_s * made.randrange(4000, 5000), worked_s * made.randrange(800, 900), worked_s * made.uniform(10, 20),
        kv_cache_usage=made.random(), devices=(f"GPU-{index}",), started_at_s=1.79e9 + index,
        prefix_cache_queries_total=5000 * worked_s, prefix_cache_hits_total=1000 * worked_s + made.randrange(99),
        revision="qwen3.5-9b-bf16 vllm 0.33.0",
    )  # fmt: skip
    node = f"10.0.{index // 2048}.{index // 8 % 256}"
    return Replica(f"r{index:07d}", "qwen3.5-9b-bf16", "RUNNING", 1000 + index, node, 1.79e9 + index, engine)


def _host(first: int, replicas: int, made: random.Random) -> HostReading:
    indices = range(first, min(first + GPUS_OF_A_HOST, replicas))
    return HostReading(f"node-{first // GPUS_OF_A_HOST}", tuple(_gpu(index, made) for index in indices))


def _gpu(index: int, made: random.Random) -> Gpu:
    return Gpu(
        index % GPUS_OF_A_HOST, "NVIDIA A100-SXM4-80GB", f"GPU-{index}", f"00000000:{index % 256:02x}:00.0", 80 << 30,
        made.randrange(80 << 30), UNTOLD, (8, 0), made.randrange(100), made.randrange(30, 90), made.uniform(60, 400),
        400.0, True, False,
    )  # fmt: skip


def _traffic(replicas: int, worked_s: int, made: random.Random) -> Traffic:
    engines = {f"r{index:07d}": EngineTraffic(0.0, _latencies(worked_s, made)) for index in range(replicas)}
    whole = Histogram(BOUNDS_S, tuple(float(worked_s * (1 + at)) for at in range(len(BOUNDS_S))))
    return Traffic(replicas, 900.0 * worked_s, 0.0, 0.0, whole, whole, engines)


def _latencies(worked_s: int, made: random.Random) -> Histogram:
    return Histogram(BOUNDS_S, tuple(accumulate(float(worked_s * made.randrange(1, 3)) for _ in BOUNDS_S)))


def snapshots_ms(readings: list[Reading]) -> tuple[list[Snapshot], float]:
    """Snapshots of the readings, and the processor's time of one once there is a window."""
    memory, made, spent_s = WatchMemory(), list[Snapshot](), list[float]()
    for each in readings:
        began_s = time.process_time()
        snapshot, memory = watched("bench", each, memory)
        spent_s.append(time.process_time() - began_s)
        made.append(snapshot)
    return made, 1000 * median(spent_s[2:])


def recording_ms(snapshots: list[Snapshot]) -> tuple[float, float]:
    """The processor's time of a frame, and its bytes."""
    with TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder) / "bench.rec", Header("bench", "bench"), LIMIT_BYTES)
        spent_s = [_spent_s(recorder.add, each) for each in snapshots]
        recorder.close()
        return 1000 * median(spent_s[1:]), recorder.bytes / len(snapshots)


def _spent_s(act: Callable[[Snapshot], None], snapshot: Snapshot) -> float:
    began_s = time.process_time()
    act(snapshot)
    return time.process_time() - began_s


def _measured(replicas: int, busy: bool, rounds: int) -> Iterator[str]:
    readings = [reading(replicas, second, busy) for second in range(LOOKS)]
    made = [snapshots_ms(readings) for _ in range(rounds)]
    recorded = [recording_ms(snapshots) for snapshots, _ in made]
    yield f"{median(ms for _, ms in made):.1f}"
    yield f"{median(ms for ms, _ in recorded):.1f}"
    yield f"{median(size for _, size in recorded) / 1024:,.1f}"


def main() -> None:
    rounds, json_path = rounds_from_arguments(3)
    cases = [(replicas, busy) for replicas in (100, 1000, 10_000) for busy in (False, True)]
    rows = [
        (f"{replicas:,}", "all" if busy else "none", *_measured(replicas, busy, rounds)) for replicas, busy in cases
    ]
    headers = ("replicas", "that change", "snapshot ms", "recording ms", "KiB a frame")
    report(f"a look at a fleet, medians of {rounds}", headers, rows, json_path)


if __name__ == "__main__":
    main()
