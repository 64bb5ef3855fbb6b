"""A series over time as columns of block characters, which need no colour."""

from __future__ import annotations

from collections.abc import Sequence

BLOCKS = " ▁▂▃▄▅▆▇█"


def columns(series: Sequence[float], width: int) -> list[float]:
    """`width` means of equal parts of the series, or the series where it is shorter."""
    count = min(width, len(series))
    edges = [len(series) * number // count for number in range(count + 1)] if count else []
    return [sum(series[a:b]) / (b - a) for a, b in zip(edges, edges[1:], strict=False)]


def bars(values: Sequence[float], largest: float, height: int) -> list[str]:
    """`height` lines, the top one first; `largest` fills a column."""
    eighths = [round(value / largest * height * 8) if largest > 0 else 0 for value in values]
    return ["".join(_block(each - 8 * row) for each in eighths).rstrip() for row in reversed(range(height))]


def _block(eighths: int) -> str:
    return BLOCKS[min(max(eighths, 0), 8)]
