"""All that is known of one replica, a line each; and of a host's GPUs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orchestrator.core.live.snapshot import GpuRow, ReplicaRow, Snapshot
from orchestrator.views.live import amounts
from orchestrator.views.live.columns import COLUMNS
from orchestrator.views.live.span import Line, Span, Tone, clean

LABEL_WIDTH = 14


def replica_lines(row: ReplicaRow, snapshot: Snapshot, now_s: float) -> Iterator[Line]:
    """Every column of the table below each other, how its start went, and its GPUs."""
    for column in COLUMNS:
        yield _line(column.title.lower(), Span(column.cell(row, now_s), column.tone(row)))
    yield _line("start", Span(_start(row)))
    yield _line("last restart", Span(clean(row.restart_reason) or amounts.NOTHING))
    yield ()
    yield from gpu_lines(gpu for gpu in snapshot.gpus if gpu.host == row.host and gpu.index in row.gpus)


def _line(label: str, value: Span) -> Line:
    return Span(label.ljust(LABEL_WIDTH), Tone.DIM), value


def _start(row: ReplicaRow) -> str:
    """Its phases: Ray Serve finds a place and starts a process, which loads the engine until that has answered."""
    return f"placed in {amounts.seconds(row.placed_s)}, loaded in {amounts.seconds(row.load_s)}"


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
