"""The largest of the last values, kept as only those that may yet be it."""

from __future__ import annotations

from typing import NamedTuple


class Timed(NamedTuple):
    """A value, and when it was seen."""

    at_s: float
    value: float


Sliding = tuple[Timed, ...]  # falling values, the oldest and largest first


def with_value(sliding: Sliding, now_s: float, value: float, window_s: float) -> Sliding:
    """With one value more, without those that are `window_s` old or that it exceeds."""
    begin, end = 0, len(sliding)
    while end and sliding[end - 1].value <= value:
        end -= 1
    while begin < end and sliding[begin].at_s <= now_s - window_s:
        begin += 1
    return (*sliding[begin:end], Timed(now_s, value))


def largest(sliding: Sliding) -> float:
    return sliding[0].value
