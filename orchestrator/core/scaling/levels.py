"""How long a level of need is worth a reserve after it was there: a while at first, then as it has come back before.

To wait for a rise costs as long as the wait is, and to miss one about a cold start. So a level is at first given up
after a few tens of cold starts; if that was too soon for one, it and those above are waited for longer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

STEP = 1.1  # from a level to the next
LOG_STEP = math.log(STEP)
SPARE = 1.25  # times what was needed is worth having; so one replica is enough up to four fifths of one
MOST_LEVELS = 150
LONGER_TIMES = 2.0  # than it took a level to come back
FADING_S = 7 * 86_400.0  # of a level's absence, in which what was learned of it shrinks to a third


@dataclass(frozen=True)
class Levels:
    """Of each level that was ever needed, when it was left, and after how long a gap it was missed as it came back."""

    reached: int = -1  # the highest that is needed now
    left_at_s: tuple[float, ...] = ()
    gaps_s: tuple[float, ...] = ()  # rising
    unawaited: bool = False  # whether need has risen to where it was not waited for, and has not fallen since


def with_need(levels: Levels, now_s: float, need: float, ready: float, first_s: float, worth_s: float) -> Levels:
    """With what is needed now; nothing is learned of what `ready` replicas met, or of a gap longer than `worth_s`."""
    level, before = _level(need), levels.reached
    if level > before:
        new = (now_s,) * (level + 1 - len(levels.left_at_s))
        gaps_s = tuple(_risen(levels, now_s, level, _level(ready), worth_s))
        return Levels(level, (*levels.left_at_s, *new), gaps_s, level > _highest(levels, now_s, first_s))
    if level < before:
        left_at_s = (*levels.left_at_s[: level + 1], *(now_s,) * (before - level), *levels.left_at_s[before + 1 :])
        return Levels(level, left_at_s, levels.gaps_s)
    return levels


def shifted(levels: Levels, by: int) -> Levels:
    """As if all that was ever needed had been so many levels higher, or lower."""
    if by < 0:
        return replace(
            levels,
            reached=max(-1, levels.reached + by),
            left_at_s=levels.left_at_s[-by:],
            gaps_s=levels.gaps_s[-by:],
        )
    below = min(by, MOST_LEVELS) if levels.left_at_s else 0
    left_at_s, gaps_s = (values[:1] * below + values for values in (levels.left_at_s, levels.gaps_s))
    reached = levels.reached + below if levels.reached >= 0 else -1
    kept = slice(MOST_LEVELS + 1)
    return Levels(min(reached, MOST_LEVELS), left_at_s[kept], gaps_s[kept], levels.unawaited)


def worth_having(levels: Levels, now_s: float, first_s: float) -> float:
    """Replicas, for the highest level that is needed or still waited for; the lowest is, if anything ever came."""
    highest = _highest(levels, now_s, first_s)
    return STEP**highest if highest >= 0 else 0.0


def _highest(levels: Levels, now_s: float, first_s: float) -> int:
    top = len(levels.left_at_s) - 1
    while top > max(0, levels.reached) and not _awaited(levels, top, now_s, first_s):
        top -= 1
    return top


def _awaited(levels: Levels, level: int, now_s: float, first_s: float) -> bool:
    return now_s - levels.left_at_s[level] < max(first_s, LONGER_TIMES * levels.gaps_s[level])


def _risen(levels: Levels, now_s: float, level: int, met: int, worth_s: float) -> Iterator[float]:
    """The gaps after a rise to `level`; a level comes back no sooner than one below it, so it is waited for as long."""
    longest_s = 0.0
    for each, (left_at_s, known_s) in enumerate(zip(levels.left_at_s, levels.gaps_s, strict=True)):
        gap_s, gone = now_s - left_at_s, levels.reached < each <= level
        if gone and each > met and 0 <= gap_s <= worth_s:
            known_s = max(gap_s, known_s * math.exp(-gap_s / FADING_S))
        longest_s = max(longest_s, known_s)
        yield longest_s
    yield from (longest_s,) * (level + 1 - len(levels.gaps_s))


def _level(need: float) -> int:
    """None for no need, and the lowest for what one replica serves with some to spare."""
    if need * SPARE <= 1:
        return 0 if need else -1
    return min(MOST_LEVELS, math.ceil(math.log(need * SPARE) / LOG_STEP))
