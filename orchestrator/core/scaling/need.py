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
    begin_s, begin, end = span.end_s - WINDOW_S, 0, len(spans)
    while begin < end and spans[begin].end_s <= begin_s:
        begin += 1
    while begin < end and spans[end - 1].end_s >= span.end_s:
        end -= 1
    return (*spans[begin:end], span)


def needed(spans: Spans, max_wait_s: float) -> float:
    """Replicas that let nothing wait longer: work w in L seconds needs w / (L + the wait), as `bounds` has it."""
    most, work_s, allowed_s = 0.0, 0.0, max_wait_s
    for _, span_length_s, span_work_s in reversed(spans):
        work_s += span_work_s
        allowed_s += span_length_s
        if work_s > most * allowed_s:  # seldom, and comparing costs less than the largest of two
            most = work_s / allowed_s
    return most
