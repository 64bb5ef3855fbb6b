"""A recording of one's own: what came in, a line for each interval.

    t_s,requests,prompt_tokens,generation_tokens
    0,12,4800,2400
    10,9,3600,1900

`t_s` is where the interval begins, in seconds from any time on; it lasts until the next line, the last one as long as
the one before. What came is spread evenly over it, so a replay sees no bursts that are shorter.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import ceil
from pathlib import Path

from orchestrator.adapters.traces.arrivals import Arrival
from orchestrator.adapters.traces.rows import Clock, rows

COLUMNS = ("t_s", "requests", "prompt_tokens", "generation_tokens")


def arrivals(path: Path, seed: int) -> Iterator[Arrival]:
    """Each second's share of its interval; nothing is drawn, so the seed changes nothing."""
    length_s, last = 1.0, None
    for each, following in pairwise(_lines(path)):
        length_s, last = following.t_s - each.t_s, following
        yield from _spread(each, length_s)
    if last is None:
        yield from _lines(path)
    else:
        yield from _spread(last, length_s)


def _lines(path: Path) -> Iterator[Arrival]:
    clock = Clock()
    for row in rows(path, COLUMNS):
        t_s, *amounts = (row.number(column, name) for column, name in enumerate(COLUMNS))
        yield Arrival(clock.checked(row, t_s), *amounts)


def _spread(each: Arrival, length_s: float) -> Iterator[Arrival]:
    parts = max(1, ceil(length_s))
    share = (each.requests / parts, each.prompt_tokens / parts, each.generation_tokens / parts)
    for part in range(parts):
        yield Arrival(each.t_s + part * length_s / parts, *share)
