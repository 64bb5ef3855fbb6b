"""What was needed at this time of the day or the week before, and how far that has been worth believing."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

DAY_S, WEEK_S, SLOT_S = 86_400.0, 604_800.0, 600.0
NEWEST_SHARE = 0.5  # of what a slot is taken to need, that its last time makes up
UNSEEN = -1.0
KEPT = 0.995
RIDGE = 2.0
FORM = "level"


class Foreseen(NamedTuple):
    slot: int
    expected: float
    x: float


@dataclass(frozen=True)
class Season:
    """The most that was needed in each slot."""

    peaks: tuple[float, ...]
    agreement: float = 0.0  # products
    square: float = 0.0


def empty(length_s: float) -> Season:
    return Season((UNSEEN,) * round(length_s / SLOT_S))


def belief(season: Season) -> float:
    return min(1.0, max(0.0, season.agreement / season.square)) if season.square else 0.0


def rise(season: Season, slot: int, expected: float) -> float:
    n = len(season.peaks)
    peak, before = season.peaks[slot % n], season.peaks[(slot - 1) % n]
    if peak < 0 or before < 0:
        return 0.0
    return peak - (expected if FORM == "level" else max(expected, before) if FORM == "mixed" else before)


def with_peak(season: Season, slot: int, peak: float, x: float, y: float, usual: float) -> Season:
    place = slot % len(season.peaks)
    known = season.peaks[place]
    new = peak if known < 0 else known + NEWEST_SHARE * (peak - known)
    if known >= 0 and x > 0:
        season = replace(season, agreement=KEPT * season.agreement + x * y, square=KEPT * (season.square or RIDGE*max(1,usual)) + x * x)
    return replace(season, peaks=(*season.peaks[:place], new, *season.peaks[place + 1 :]))


@dataclass(frozen=True)
class Seasons:
    slot: int = -1
    peak: float = 0.0
    foreseen: tuple[Foreseen, ...] = ()
    day: Season = empty(DAY_S)
    week: Season = empty(WEEK_S)


def with_look(seasons: Seasons, clock_s: float, need: float, wait_s: float, expected: float, usual: float) -> tuple[Seasons, float]:
    """and the rise beyond `expected`."""
    slot, ahead = int(clock_s // SLOT_S), int((clock_s + wait_s) // SLOT_S)
    if slot != seasons.slot:
        if seasons.slot >= 0:
            f = next((f for f in seasons.foreseen if f.slot == seasons.slot), None)
            if f:
                day = with_peak(seasons.day, f.slot, seasons.peak, rise(seasons.day, f.slot, f.expected), seasons.peak - f.expected, usual)
                week = with_peak(seasons.week, f.slot, seasons.peak, rise(seasons.week, f.slot, f.expected), seasons.peak - f.expected, usual)
                seasons = replace(seasons, day=day, week=week)
        seasons = replace(seasons, slot=slot, peak=need, foreseen=tuple(f for f in seasons.foreseen if f.slot >= slot))
    elif need > seasons.peak:
        seasons = replace(seasons, peak=need)
    if not any(f.slot == ahead for f in seasons.foreseen):
        seasons = replace(seasons, foreseen=(*seasons.foreseen, Foreseen(ahead, expected, 0.0)))
    r = max(0.0, *(belief(s) * rise(s, ahead, expected) for s in (seasons.day, seasons.week)))
    return seasons, r
