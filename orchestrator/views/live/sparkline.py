"""A course of values as one line of blocks."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

BLOCKS = " ▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float | None], width: int) -> str:
    """The last `width` values, the highest as a whole block; a gap where one is not known."""
    shown = values[-width:] if width > 0 else ()
    most = max((value for value in shown if value is not None and isfinite(value)), default=0.0) or 1.0
    return "".join(_block(value, most) for value in shown).rjust(width)


def _block(value: float | None, most: float) -> str:
    if value is None or not isfinite(value):
        return " "
    return BLOCKS[1 + min(7, int(8 * (max(0.0, value) / most)))]
