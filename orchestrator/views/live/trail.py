"""Decisions and events as lines, the latest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import isfinite

from orchestrator.core.fleet import Decided
from orchestrator.core.live.change_words import change_words
from orchestrator.core.live.event import Event, Severity
from orchestrator.views.live.amounts import age
from orchestrator.views.live.playback import clock_text
from orchestrator.views.live.span import Line, Span, Tone, clean
from orchestrator.views.units import age_text

GLYPHS = {Severity.INFO: "·", Severity.WARNING: "▲", Severity.ERROR: "✖"}
TONES = {Severity.INFO: Tone.PLAIN, Severity.WARNING: Tone.WARN, Severity.ERROR: Tone.BAD}
AGE_WIDTH = 7
LATELY_S = 600.0
NONE_YET: Line = (Span("none yet", Tone.DIM),)


def few_events(events: Sequence[Event], now_s: float, most: int) -> list[Event]:
    """The latest, in their order; an error that happened lately keeps its place where many others came after it."""
    latest = list(events[-most:])
    errors = [each for each in events if each.severity is Severity.ERROR and now_s - each.at_s < LATELY_S]
    if most < 2 or not errors or any(each.severity is Severity.ERROR for each in latest):
        return latest
    return [errors[-1], *latest[1:]]


def event_lines(events: Iterable[Event], now_s: float, with_clock: bool = False) -> Iterator[Line]:
    """`events` are in the order in which they happened; a clock helps to find them in other logs."""
    for event in reversed(tuple(events)):
        tone = TONES[event.severity]
        words = f"{GLYPHS[event.severity]} {clean(event.subject)}: {clean(event.message)}"
        clock = f"{clock_text(event.at_s)} " if with_clock else ""
        yield Span(clock + _age(event.at_s, now_s), Tone.DIM), Span(words, tone)


def decision_lines(decisions: Iterable[Decided], now_s: float) -> Iterator[Line]:
    """Each in one line: what was asked for, and the step that settled it."""
    for decided in reversed(tuple(decisions)):
        yield (
            Span(_age(decided.at_s, now_s), Tone.DIM),
            Span(change_text(decided), Tone.HEAD),
            Span(f"  {_why(decided)}"),
        )


def moment_text(at_s: float, now_s: float) -> str:
    """When it was, by the clock on the wall and by its age, e.g. "at 12:03:05, 9s ago"."""
    return f"at {clock_text(at_s)}, {age_text(now_s - at_s)} ago" if isfinite(at_s) else "at no time that can be"


def change_text(decided: Decided) -> str:
    return clean(change_words(decided))


def step_lines(decided: Decided) -> Iterator[Line]:
    """Every input and result of one decision."""
    width = max((len(step.name) for step in decided.decision.steps), default=0)
    for step in decided.decision.steps:
        yield Span(step.name.ljust(width + 2), Tone.DIM), Span(f"{step.value:>10.4g}  "), Span(clean(step.reason))


def _why(decided: Decided) -> str:
    return clean(decided.decision.steps[-1].reason) if decided.decision.steps else ""


def _age(at_s: float, now_s: float) -> str:
    return f"{age(at_s, now_s):>{AGE_WIDTH - 1}} "
