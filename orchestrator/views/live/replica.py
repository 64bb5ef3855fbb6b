"""All that is known of one replica."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.core.deployment import GATEWAY
from orchestrator.core.live.replica_state import state_of
from orchestrator.core.live.snapshot import ReplicaRow, Snapshot
from orchestrator.views.live import amounts
from orchestrator.views.live.column_words import COLUMN_WORDS
from orchestrator.views.live.columns import GLYPHS, REPLICAS, TONES, reason_text
from orchestrator.views.live.hosts import gpu_lines
from orchestrator.views.live.requests import ended, request_lines
from orchestrator.views.live.span import Line, Span, Tone, clean
from orchestrator.views.live.start import start_lines

PAIRS = (
    ("variant", "age"), ("host", "gpu"), ("tok_s", "share"), ("run", "wait"), ("ttft", "tpot"), ("prompt", "hits"),
    ("kv", "errors"), ("util", "memory"), ("temp", "power"), ("load", "restarts"),
)  # fmt: skip
LABEL_WIDTH, VALUE_WIDTH = 16, 24


def replica_lines(row: ReplicaRow, snapshot: Snapshot, now_s: float) -> Iterator[Line]:
    """How it is and why, its figures, its start, its GPUs and its last requests."""
    state = state_of(row)
    yield Span(f"{GLYPHS[state]} {state.value}", TONES[state]), Span(f"  {clean(reason_text(row, now_s))}")
    yield ()
    if row.deployment == GATEWAY:
        yield from _gateway(row, snapshot, now_s)
    else:
        yield from _engine(row, snapshot, now_s)


def _gateway(row: ReplicaRow, snapshot: Snapshot, now_s: float) -> Iterator[Line]:
    """It has no engine: what it does is the fleet's requests."""
    yield *_figure("host", row, now_s, VALUE_WIDTH), *_figure("age", row, now_s)
    yield ()
    yield (Span("requests  ", Tone.HEAD), Span("of the fleet, that ended last", Tone.DIM))
    yield from request_lines(ended(snapshot))


def _engine(row: ReplicaRow, snapshot: Snapshot, now_s: float) -> Iterator[Line]:
    for left, right in PAIRS:
        yield *_figure(left, row, now_s, VALUE_WIDTH), *_figure(right, row, now_s)
    yield _line("runs", clean(row.revision))
    if row.restart_reason:
        yield _line("last restart", clean(row.restart_reason))
    yield ()
    yield from start_lines(row, now_s)
    if gpus := [gpu for gpu in snapshot.gpus if gpu.host == row.host and gpu.index in row.gpus]:
        yield ()
        yield from gpu_lines(gpus)
    yield ()
    yield (Span("requests  ", Tone.HEAD), Span("of the fleet's last that ended, those of this replica", Tone.DIM))
    yield from request_lines([each for each in ended(snapshot) if each.replica_id == row.replica_id])


def _figure(name: str, row: ReplicaRow, now_s: float, width: int = 0) -> Line:
    column = REPLICAS.by_name[name]
    label = Span(f"{COLUMN_WORDS[name].name:<{LABEL_WIDTH}}", Tone.DIM)
    return label, Span(f"{column.cell(row, now_s):<{width}}", column.tone(row))


def _line(label: str, value: str) -> Line:
    return Span(f"{label:<{LABEL_WIDTH}}", Tone.DIM), Span(value or amounts.NOTHING)
