"""The values of the last so many seconds, as a rule remembers them."""

from __future__ import annotations

Window = tuple[tuple[float, float], ...]  # (t_s, value), oldest first


def remembered(window: Window, now_s: float, value: float, span_s: float) -> Window:
    """With the value of now, without those of `span_s` ago and before."""
    kept = next((place for place, (at_s, _) in enumerate(window) if at_s > now_s - span_s), len(window))
    return (*window[kept:], (now_s, value))


def mean(window: Window) -> float:
    return sum(value for _, value in window) / len(window)


def since(window: Window, from_s: float) -> Window:
    """The values after `from_s`."""
    return tuple(each for each in window if each[0] > from_s)
