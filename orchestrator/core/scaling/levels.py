"""How long a level of need is kept in reserve after it was there: until it has paid to wait, or as it used to come back.

To wait for a rise costs as long as it lasts, and to miss one costs about a cold start. So a level is at first given up
after a few tens of cold starts; one whose return was then missed is waited for twice as long as it had stayed away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

STEP = 1.25  # from a level to the next, and what is kept beyond the need that was
LEAST = 1 / STEP  # replicas; up to which one is enough
MOST_LEVELS = 100
FIRST_COLD_STARTS = 30.0
LONGER_TIMES = 2.0
FADING_S = 7 * 86_400.0  # of absence, in which a gap that was learned shrinks to a third


@dataclass(frozen=True)
class Levels:
    """Of each level that was ever needed when it was left, and the longest gap after which its return was missed."""

    reached: int = -1  # the highest that is needed now
    left_at_s: tuple[float, ...] = ()
    gaps_s: tuple[float, ...] = ()


def with_need(levels: Levels, now_s: float, need: float, ready: float, worth_s: float) -> Levels:
    """With what is needed now; a gap longer than `worth_s` teaches nothing, nor a return that `ready` replicas met."""
    level = level_of(need)
    if level == levels.reached:
        return levels
    if level < levels.reached:
        left = (now_s,) * (levels.reached - level)
        left_at_s = (*levels.left_at_s[: level + 1], *left, *levels.left_at_s[levels.reached + 1 :])
        return replace(levels, reached=level, left_at_s=left_at_s)
    new = max(0, level + 1 - len(levels.gaps_s))
    gaps_s = list(levels.gaps_s)
    for each in range(max(levels.reached + 1, level_of(ready) + 1), level + 1 - new):
        gap_s = now_s - levels.left_at_s[each]
        if 0 <= gap_s <= worth_s:
            gaps_s[each] = max(gap_s, gaps_s[each] * math.exp(-gap_s / FADING_S))
    return Levels(level, (*levels.left_at_s, *(now_s,) * new), (*gaps_s, *(0.0,) * new))


def worth_keeping(levels: Levels, now_s: float, first_s: float) -> float:
    """Replicas, of the highest level that is needed or still waited for."""
    for level in range(len(levels.gaps_s) - 1, levels.reached, -1):
        if now_s - levels.left_at_s[level] < max(first_s, LONGER_TIMES * levels.gaps_s[level]):
            return STEP**level
    return STEP ** max(0, levels.reached)


def level_of(need: float) -> int:
    if need <= LEAST:
        return 0
    return min(MOST_LEVELS, math.ceil(math.log(need / LEAST) / math.log(STEP) - 1e-9))
