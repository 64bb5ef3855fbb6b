"""A series over time as columns of block characters, which need no colour."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

BLOCKS = " ▁▂▃▄▅▆▇█"


def columns(series: Sequence[float], width: int) -> list[float]:
    """`width` means of equal parts of the series; a short one's values are repeated."""
    edges = [len(series) * number // width for number in range(width + 1)]
    return [_mean(series[begin : max(end, begin + 1)]) for begin, end in pairwise(edges)]


def bars(values: Sequence[float], largest: float, height: int) -> list[str]:
    """`height` lines, the top one first; `largest` fills a column."""
    eighths = [round(value / largest * height * 8) if largest > 0 else 0 for value in values]
    return ["".join(_block(each - 8 * row) for each in eighths).rstrip() for row in reversed(range(height))]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _block(eighths: int) -> str:
    return BLOCKS[min(max(eighths, 0), 8)]
