"""A recording of one's own: what came in, a line for each interval.

    t_s,requests,prompt_tokens,generation_tokens
    0,12,4800,2400
    10,9,3600,1900

`t_s` is where the interval begins, in seconds from any time on; it lasts until the next line, the last one as long as
the one before. What came is spread evenly over it, so a replay sees no bursts that are shorter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import ceil
from pathlib import Path

from orchestrator.adapters.traces.arrivals import Arrival, demand_of
from orchestrator.adapters.traces.rows import Clock, rows
from orchestrator.core.scaling.demand import Demand
from orchestrator.core.scaling.load_minutes import MINUTE_S, LoadMinute

COLUMNS = ("t_s", "requests", "prompt_tokens", "generation_tokens")


def arrivals(path: Path, seed: int) -> Iterator[Arrival]:
    """Each second's share of its interval; nothing is drawn, so the seed changes nothing."""
    yield from _spread(_lines(path))


def recorded_demand(minutes: Sequence[LoadMinute], prompt_ratio: float) -> Demand:
    """Of what a fleet has recorded of itself."""
    lines = (Arrival(each.begin_s, each.requests, each.prompt_tokens, each.generation_tokens) for each in minutes)
    return demand_of(_spread(lines, MINUTE_S), prompt_ratio)


def _spread(lines: Iterable[Arrival], length_s: float = 1.0) -> Iterator[Arrival]:
    """Each second's share; a line that stands alone lasts `length_s`."""
    last = None
    for each in lines:
        if last is not None:
            length_s = each.t_s - last.t_s
            yield from _shares(last, length_s)
        last = each
    if last is not None:
        yield from _shares(last, length_s)


def _lines(path: Path) -> Iterator[Arrival]:
    clock = Clock()
    for row in rows(path, COLUMNS):
        t_s, *amounts = (row.number(column, name) for column, name in enumerate(COLUMNS))
        yield Arrival(clock.checked(row, t_s), *amounts)


def _shares(each: Arrival, length_s: float) -> Iterator[Arrival]:
    parts = max(1, ceil(length_s))
    share = (each.requests / parts, each.prompt_tokens / parts, each.generation_tokens / parts)
    for part in range(parts):
        yield Arrival(each.t_s + part * length_s / parts, *share)
