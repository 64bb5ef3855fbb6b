"""What was needed at this time of the day or of the week before, and how far that is worth believing.

Of each slot of time the most that was needed is remembered. A rise from one slot to the next is added to what the trend
expects, by as much as such rises have on average come true beyond what it had expected.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

DAY_S, WEEK_S, SLOT_S = 86_400.0, 604_800.0, 600.0
NEWEST_SHARE = 0.5  # of what a slot is taken to need, that its last time makes up
UNSEEN = -1.0  # the need of a slot that has not been there yet
LASTING = 0.995  # of what was learned of rises, with each further one
DOUBT = 2.0  # rises of a replica, as many as are taken not to have come true at first, for each that is usually busy


@dataclass(frozen=True)
class Cycle:
    """Slot by slot the most that was needed; sums over the rises foreseen, by which they are believed."""

    peaks: tuple[float, ...]
    foreseen_and_come: float = 0.0
    foreseen: float = 0.0  # squares


class Outlook(NamedTuple):
    """What the trend expected of a slot to come when it first came into sight."""

    slot: int
    replicas: float


def _cycle(length_s: float) -> Cycle:
    return Cycle((UNSEEN,) * round(length_s / SLOT_S))


@dataclass(frozen=True)
class Season:
    """Slots are counted from the beginning of Unix time."""

    slot: int = -1  # that goes on
    peak: float = 0.0  # in it so far
    outlooks: tuple[Outlook, ...] = ()  # of that slot and later ones
    day: Cycle = field(default_factory=lambda: _cycle(DAY_S))
    week: Cycle = field(default_factory=lambda: _cycle(WEEK_S))


def with_look(season: Season, clock_s: float, need: float, ahead_s: float, expected: float, usual: float) -> Season:
    """With what is needed now, and what the trend expects in `ahead_s`."""
    slot, ahead = _slot(clock_s), _slot(clock_s + ahead_s)
    if slot != season.slot:
        season = _in_slot(season, slot, ahead, need, usual)
    elif need > season.peak:
        season = replace(season, peak=need)
    if not season.outlooks or season.outlooks[-1].slot < ahead:
        season = replace(season, outlooks=(*season.outlooks, Outlook(ahead, expected)))
    return season


def rise(season: Season, clock_s: float, expected: float) -> float:
    """Replicas beyond what the trend expects of that time."""
    slot = _slot(clock_s)
    return max(_risen(season.day, slot, expected), _risen(season.week, slot, expected))


def _slot(clock_s: float) -> int:
    return int(clock_s // SLOT_S)


def _risen(cycle: Cycle, slot: int, expected: float) -> float:
    belief = _belief(cycle)
    return belief * _foreseen(cycle, slot, expected) if belief else 0.0


def _foreseen(cycle: Cycle, slot: int, expected: float) -> float:
    """By how much more was needed than in the slot before, less what of that the trend expects by itself."""
    before, peak = cycle.peaks[(slot - 1) % len(cycle.peaks)], cycle.peaks[slot % len(cycle.peaks)]
    return max(0.0, peak - max(before, expected)) if before != UNSEEN else 0.0


def _belief(cycle: Cycle) -> float:
    return min(1.0, max(0.0, cycle.foreseen_and_come / cycle.foreseen)) if cycle.foreseen else 0.0


def _in_slot(season: Season, slot: int, ahead: int, need: float, usual: float) -> Season:
    """At the beginning of a slot; of the one before it is learned where that was watched to its end."""
    before, day, week = season.outlooks[:1], season.day, season.week
    if slot == season.slot + 1 and before and before[0].slot == season.slot:
        day, week = (_learned(cycle, before[0], season.peak, usual) for cycle in (day, week))
    return Season(slot, need, tuple([each for each in season.outlooks if slot <= each.slot <= ahead]), day, week)


def _learned(cycle: Cycle, outlook: Outlook, peak: float, usual: float) -> Cycle:
    """By least squares: what came beyond the trend's outlook is so many times the rise that was foreseen."""
    place = outlook.slot % len(cycle.peaks)
    known = cycle.peaks[place]
    new = peak if known == UNSEEN else known + NEWEST_SHARE * (peak - known)
    both, squares = cycle.foreseen_and_come, cycle.foreseen
    if foreseen := _foreseen(cycle, outlook.slot, outlook.replicas):
        both = LASTING * both + foreseen * (peak - outlook.replicas)
        squares = LASTING * (squares or DOUBT * max(usual, 1.0)) + foreseen**2
    peaks = list(cycle.peaks)
    peaks[place] = new
    return Cycle(tuple(peaks), both, squares)
