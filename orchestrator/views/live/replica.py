"""All that is known of one replica, a line each; and of a host's GPUs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orchestrator.core.live.snapshot import GpuRow, ReplicaRow, Snapshot
from orchestrator.views.live import amounts
from orchestrator.views.live.columns import COLUMNS
from orchestrator.views.live.span import Line, Span, Tone, clean

LABEL_WIDTH = 12


def replica_lines(row: ReplicaRow, snapshot: Snapshot, now_s: float) -> Iterator[Line]:
    """Every column of the table below each other, then its GPUs, then what has happened to it."""
    for column in COLUMNS:
        yield Span(column.title.lower().ljust(LABEL_WIDTH), Tone.DIM), Span(column.cell(row, now_s), column.tone(row))
    yield ()
    yield from gpu_lines(gpu for gpu in snapshot.gpus if gpu.host == row.host and gpu.index in row.gpus)


def gpu_lines(gpus: Iterable[GpuRow]) -> Iterator[Line]:
    """One line each."""
    for gpu in gpus:
        yield (
            Span(f"{clean(gpu.host)} GPU {gpu.index}".ljust(24), Tone.HEAD),
            Span(clean(gpu.name).ljust(28)),
            Span(f"{amounts.percent(_share(gpu)):>5}  "),
            Span(f"{amounts.gibs(gpu.memory_used_bytes, gpu.memory_total_bytes):>12}  "),
            Span(f"{amounts.degrees(gpu.temperature_c):>5}  "),
            Span(f"{amounts.watts(gpu.power_w, gpu.power_limit_w):>10}  "),
            Span(clean(gpu.error or gpu.throttled), Tone.BAD),
        )


def _share(gpu: GpuRow) -> float | None:
    return None if gpu.utilization_percent is None else gpu.utilization_percent / 100
