"""Ticks of the policy as Ray Serve gives them, for `bench.decide`: what each takes, and the collector of that."""

from __future__ import annotations

import gc
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from threading import get_ident
from typing import Any, NamedTuple

from bench.decide_pools import BEGIN_S, POLICY, Site, loop_ms
from orchestrator.serving.autoscaling import PoolPolicy

TICK_S, TELL_TICKS = 0.1, 5
HEADERS = (
    "ticks", "mean, ms", "of it the collector", "p50 passed", "p99", "most", "most without the collector",
    "a loop over the samples, ms", "ratio of means",
)  # fmt: skip


class Tick(NamedTuple):
    """Time that passed, the processor's time in it, the collector's in that, and that of a loop over all samples."""

    passed_ms: float
    used_ms: float
    collector_ms: float
    loop_ms: float


class Collector:
    """The processor's time that Python's collector of cycles takes in this thread, whoever made what it looks at."""

    def __init__(self) -> None:
        self.ms = 0.0
        self._thread, self._began_s = get_ident(), 0.0

    def __call__(self, phase: str, _: dict[str, Any]) -> None:
        if get_ident() != self._thread:
            return
        if phase == "start":
            self._began_s = time.thread_time()
        else:
            self.ms += (time.thread_time() - self._began_s) * 1000


def ticks(deployments: int, replicas: int, number: int) -> Iterator[Tick]:
    """In real time, since what is learned is written to a file meanwhile."""
    site, collector = Site(deployments, replicas), Collector()
    targets: dict[Any, int] = {}
    gc.collect()  # what the site is made of is not the policy's to collect
    gc.callbacks.append(collector)
    with tempfile.TemporaryDirectory() as folder:
        policy = PoolPolicy(
            str(Path(folder) / "scaling.json"), asdict(POLICY), json.loads(json.dumps(asdict(site.prior)))
        )
        for tick in range(number):
            now_s = BEGIN_S + tick * TICK_S
            if tick % TELL_TICKS == 0:
                site.tell(TELL_TICKS * TICK_S)
                loop = loop_ms(site, now_s)
            contexts, collected_ms = site.contexts(now_s, targets), collector.ms
            begin_s, used_s = time.perf_counter(), time.thread_time()
            targets, _ = policy(contexts)
            used_s, passed_s = time.thread_time() - used_s, time.perf_counter() - begin_s
            yield Tick(passed_s * 1000, used_s * 1000, collector.ms - collected_ms, loop)
            time.sleep(max(0.0, TICK_S - passed_s))
    gc.callbacks.remove(collector)


def row(which: str, those: Sequence[Tick]) -> tuple[str, ...]:
    """One line of the table."""
    passed, loop = sorted(tick.passed_ms for tick in those), fmean(tick.loop_ms for tick in those)
    mean, collector = fmean(tick.used_ms for tick in those), fmean(tick.collector_ms for tick in those)
    without = max(tick.used_ms - tick.collector_ms for tick in those)
    shown = (mean, collector, passed[len(passed) // 2], passed[int(0.99 * len(passed))], passed[-1], without, loop)
    return (f"{which} {len(those)}", *(f"{each:.3f}" for each in shown), f"{mean / loop:.2f}")
