"""How the start of a replica went, step by step, beside what was planned."""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.core.live.replica_state import ReplicaState, state_of
from orchestrator.core.live.snapshot import ReplicaRow
from orchestrator.core.start_steps import PLACED
from orchestrator.views.live import amounts
from orchestrator.views.live.span import Line, Span, Tone, clean
from orchestrator.views.units import age_text

STEP_WIDTH, BAR_WIDTH = 18, 30
LATE = 2.0  # times as long as planned, from which on somebody should look


def start_lines(row: ReplicaRow, now_s: float) -> Iterator[Line]:
    yield Span("start  ", Tone.HEAD), _start(row, now_s)
    whole_s = sum(row.start_steps.values())
    for step, seconds in row.start_steps.items():
        bar = _bar(seconds, whole_s)
        yield (
            Span(f"  {clean(step):<{STEP_WIDTH}.{STEP_WIDTH}}", Tone.DIM),
            Span(f"{amounts.seconds(seconds):>7}  {bar}"),
        )


def _bar(seconds: float, whole_s: float) -> str:
    """Its share of the whole; nothing of what cannot be measured."""
    share = seconds / whole_s if whole_s > 0 else 0.0
    return "█" * round(BAR_WIDTH * share) if 0 <= share <= 1 else ""


def starting_text(row: ReplicaRow, now_s: float) -> str:
    """How long a start has taken, of how long was planned, e.g. "12s of ~40s"; empty where it is over, or not told."""
    if state_of(row) is not ReplicaState.STARTING or row.started_at_s is None:
        return ""
    planned = f" of ~{age_text(row.predicted_start_s)}" if row.predicted_start_s else ""
    return f"{amounts.age(row.started_at_s, now_s)}{planned}"


def is_late(row: ReplicaRow, now_s: float) -> bool:
    """Whether a start takes much longer than planned."""
    if state_of(row) is not ReplicaState.STARTING or row.started_at_s is None or not row.predicted_start_s:
        return False
    return now_s - row.started_at_s > LATE * row.predicted_start_s


def _start(row: ReplicaRow, now_s: float) -> Span:
    if running := starting_text(row, now_s):
        return Span(f"goes on, {running}", Tone.BAD if is_late(row, now_s) else Tone.WARN)
    if not row.start_steps:
        return Span("nobody tells how it went", Tone.DIM)
    whole_s, placed_s = sum(row.start_steps.values()), row.start_steps.get(PLACED, 0.0)
    planned_s = row.predicted_start_s
    planned = "" if planned_s is None else f"; after it was placed {amounts.seconds(whole_s - placed_s)}"
    estimate = "" if planned_s is None else f", planned about {amounts.seconds(planned_s)}"
    late = planned_s is not None and whole_s - placed_s > LATE * planned_s
    return Span(f"ready after {amounts.seconds(whole_s)}{planned}{estimate}", Tone.WARN if late else Tone.PLAIN)
