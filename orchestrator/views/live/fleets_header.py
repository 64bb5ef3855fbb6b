"""Several fleets in three lines: how many are how, what clients get, and what serves them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from orchestrator.core.live.fleet_row import FleetRow, FleetState
from orchestrator.core.live.fleets_summary import fleets_summary
from orchestrator.core.live.snapshot import Summary
from orchestrator.views.live import amounts
from orchestrator.views.live.fleet_columns import TONES, state_text
from orchestrator.views.live.header import errors, replicas, served_tok_s, work
from orchestrator.views.live.span import Line, Span, Tone, clean, joined


def fleets_header_lines(rows: Sequence[FleetRow]) -> tuple[Line, Line, Line]:
    summary = fleets_summary(rows)
    serving = _serving(summary) if any(row.at_s for row in rows) else ()
    return joined(_states(rows)), joined(_served(summary)), joined(serving)


def chosen_fleet_lines(row: FleetRow, now_s: float) -> tuple[Line, Line]:
    """Of one of them how it is and why, and what was done about it last."""
    state = Span(f"{clean(row.where)}/{clean(row.fleet)}  {state_text(row.state)}", TONES[row.state])
    goal = () if row.goal == "" else (Span("  goal ", Tone.DIM), Span(clean(row.goal)))
    decided = (
        "none" if row.decided_at_s is None else f"{clean(row.decided)}, {amounts.age(row.decided_at_s, now_s)} ago"
    )
    why = (Span(f": {clean(row.reason)}"),) if row.reason else ()
    return (state, *why), (Span("last decision ", Tone.DIM), Span(decided), *goal)


def _states(rows: Sequence[FleetRow]) -> Iterator[Line]:
    """The worst first."""
    yield (Span(f"{len(rows):,} fleets", Tone.HEAD),)
    counts = Counter(row.state for row in rows)
    for state in FleetState:
        if counts[state]:
            yield (Span(f"{state_text(state)} {counts[state]:,}", TONES[state]),)


def _served(summary: Summary) -> Iterator[Line]:
    yield served_tok_s(summary)
    if summary.requests_per_s is not None:
        yield (Span("req/s ", Tone.DIM), Span(amounts.rate(summary.requests_per_s)))
    yield errors(summary)


def _serving(summary: Summary) -> Iterator[Line]:
    yield replicas(summary)
    yield from work(summary)
