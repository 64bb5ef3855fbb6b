"""Decisions and events as lines, the latest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orchestrator.core.fleet import Decided
from orchestrator.core.live.event import Event, Severity
from orchestrator.views.live.amounts import age
from orchestrator.views.live.span import Line, Span, Tone, clean

GLYPHS = {Severity.INFO: "·", Severity.WARNING: "▲", Severity.ERROR: "✖"}
TONES = {Severity.INFO: Tone.PLAIN, Severity.WARNING: Tone.WARN, Severity.ERROR: Tone.BAD}
AGE_WIDTH = 7


def event_lines(events: Iterable[Event], now_s: float) -> Iterator[Line]:
    """`events` are in the order in which they happened."""
    for event in reversed(tuple(events)):
        tone = TONES[event.severity]
        words = f"{GLYPHS[event.severity]} {clean(event.subject)}: {clean(event.message)}"
        yield Span(_age(event.at_s, now_s), Tone.DIM), Span(words, tone)


def decision_lines(decisions: Iterable[Decided], now_s: float) -> Iterator[Line]:
    """Each in one line: what was asked for, and the step that settled it."""
    for decided in reversed(tuple(decisions)):
        yield (
            Span(_age(decided.at_s, now_s), Tone.DIM),
            Span(change_text(decided), Tone.HEAD),
            Span(f"  {_why(decided)}"),
        )


def change_text(decided: Decided) -> str:
    """Replicas of each variant, before and after, e.g. "gguf 1 → 3"."""
    replicas = decided.decision.replicas
    return ", ".join(f"{clean(name)} {_change(decided.before.get(name), count)}" for name, count in replicas.items())


def step_lines(decided: Decided) -> Iterator[Line]:
    """Every input and result of one decision."""
    width = max((len(step.name) for step in decided.decision.steps), default=0)
    for step in decided.decision.steps:
        yield Span(step.name.ljust(width + 2), Tone.DIM), Span(f"{step.value:>10.4g}  "), Span(clean(step.reason))


def _change(old: int | None, new: int) -> str:
    return str(new) if old is None or old == new else f"{old} → {new}"


def _why(decided: Decided) -> str:
    return clean(decided.decision.steps[-1].reason) if decided.decision.steps else ""


def _age(at_s: float, now_s: float) -> str:
    return f"{age(at_s, now_s):>{AGE_WIDTH - 1}} "
