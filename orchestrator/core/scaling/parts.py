"""Work that is done in parts, so that who may not wait for all of it does something else in between."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")
Parts = Generator[int, None, T]  # each part tells of how many replicas it was


def whole(parts: Parts[T]) -> T:
    """What comes of all of them, one right after another."""
    while True:
        try:
            next(parts)
        except StopIteration as end:
            result: T = end.value
            return result
