"""How many replicas the demand of the last minute would have needed: what a longest wait lets through is no need."""

from __future__ import annotations

from typing import NamedTuple

WINDOW_S = 60.0


class Span(NamedTuple):
    """The work of an interval, in seconds of a replica."""

    end_s: float
    length_s: float
    work_s: float


Spans = tuple[Span, ...]  # the oldest first


def with_span(spans: Spans, span: Span) -> Spans:
    """With one more, without those that ended before the window, or later by a clock that went back."""
    begin_s = span.end_s - WINDOW_S
    return (*(each for each in spans if begin_s < each.end_s < span.end_s), span)


def needed(spans: Spans, max_wait_s: float) -> float:
    """Replicas that let nothing wait longer: work w in L seconds needs w / (L + the wait), as `bounds` has it."""
    most = work_s = length_s = 0.0
    for span in reversed(spans):
        work_s += span.work_s
        length_s += span.length_s
        most = max(most, work_s / (length_s + max_wait_s))
    return most
