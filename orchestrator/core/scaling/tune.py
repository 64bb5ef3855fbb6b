"""Settings under which qorch's rule would have cost less, or come nearer to the goal, on one user's demand.

One setting after the other is tried from the best so far. What is compared is the first two thirds of the demand, each
of which has to meet the goal by itself; the last third is for judging the choice, and chooses nothing.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from math import ceil

from orchestrator.core.scaling.bounds import first_need
from orchestrator.core.scaling.compare import Course
from orchestrator.core.scaling.demand import part
from orchestrator.core.scaling.load import VariantLoad
from orchestrator.core.scaling.trial import Settings, Trial, better, part_ends, tried

MOST_S = 14 * 86_400.0  # of the demand, the latest: more would only take longer
STRICTER, LOOSER = 0.5, 2.0  # times the share that may wait too long
MOST_AIMS = 4
MOST_MISSES = 0.5
DIGITS = 2  # of the share that may wait too long
WORTH = 0.01  # of the cost, that a change has to save: what a demand shows is no more exact
SPARE = 1.5  # times what was ever needed: a bound at what was seen would miss what is to come
SHARES = (0.05, 0.25, 0.5)  # of the looks, in which no more replicas than a fewest were there

Search = Generator[Trial, None, Trial]  # yields what is tried, and returns the best


@dataclass(frozen=True)
class Tuning:
    """The settings that there are, and the best of those that were tried."""

    present: Trial
    best: Trial
    trials: int

    def holds(self, attainment: float) -> bool:
        """Whether what was chosen is better on what was held out too."""
        return better([self.best.held_out], [self.present.held_out], attainment)


def latest(on: Course) -> Course:
    """On no more of the demand than is tuned on."""
    steps = len(on.demand.work)
    return replace(on, demand=part(on.demand, max(0, steps - round(MOST_S / on.demand.step_s)), steps))


def tune(on: Course) -> Iterator[Tuning]:
    """After each trial, what is known."""
    present = best = tried(Settings(on.goal.attainment, on.variants), on)
    yield Tuning(present, best, 1)
    for number, trial in enumerate(_trials(present, on), 2):
        best = _better(trial, best, on)
        yield Tuning(present, best, number)


def _trials(best: Trial, on: Course) -> Search:
    best = yield from _each(_without_one(best.settings), best, on)
    best = yield from _each(_fewest(best), best, on)
    if len(best.settings.variants) == 1:
        best = yield from _each(_most(best.settings, on), best, on)
    return (yield from _aims(best, on))


def _each(candidates: Iterator[Settings], best: Trial, on: Course) -> Search:
    for settings in candidates:
        trial = tried(settings, on)
        yield trial
        best = _better(trial, best, on)
    return best


def _aims(best: Trial, on: Course) -> Search:
    """The share that is aimed at: looser as long as the goal is met, or stricter until it is."""
    met, settings = _meets(best, on), best.settings
    for _ in range(MOST_AIMS):
        before, settings = settings, _aimed(settings, LOOSER if met else STRICTER)
        if settings == before:
            break
        trial = tried(settings, on)
        yield trial
        best = _better(trial, best, on)
        if _meets(trial, on) != met:
            break
    return best


def _meets(trial: Trial, on: Course) -> bool:
    return all(each.attainment >= on.goal.attainment for each in trial.chosen_by)


def _aimed(settings: Settings, factor: float) -> Settings:
    misses = min(MOST_MISSES, (1 - settings.attainment) * factor)
    return replace(settings, attainment=1 - float(f"{misses:.{DIGITS}g}"))


def _without_one(settings: Settings) -> Iterator[Settings]:
    """A pool of fewer kinds, each time of another; the fewest replicas are of the first one's."""
    variants = settings.variants
    for gone in variants if len(variants) > 1 else ():
        rest = tuple(each for each in variants if each is not gone)
        yield _with_fewest(replace(settings, variants=rest), max(rest[0].min_replicas, variants[0].min_replicas))


def _fewest(best: Trial) -> Iterator[Settings]:
    """As many as there were in a share of the looks, half of those now, one, and none: fewer where that saves more."""
    first, now = best.settings.variants[0], best.settings.variants[0].min_replicas
    counts = sorted(count for outcome in best.chosen_by for count in outcome.variants[0].replicas)
    wishes = {0, 1, now // 2, *(counts[int(share * len(counts))] for share in SHARES)}
    for wish in sorted((each for each in wishes if each != now and each <= first.max_replicas), reverse=True):
        yield _with_fewest(best.settings, wish)


def _most(settings: Settings, on: Course) -> Iterator[Settings]:
    """Half as many again as the demand that is chosen by ever needed."""
    (only,), (*_, end, _) = settings.variants, part_ends(on)
    chosen_by = part(on.demand, 0, end)
    needed = first_need(chosen_by, only.capacity, chosen_by.duration_s, on.goal.max_wait_s)
    wish = max(1, only.min_replicas, ceil(SPARE * needed))
    if wish < only.max_replicas:
        yield replace(settings, variants=(replace(only, max_replicas=wish),))


def _with_fewest(settings: Settings, count: int) -> Settings:
    first, *others = settings.variants
    fewest: VariantLoad = replace(first, min_replicas=min(count, first.max_replicas))
    return replace(settings, variants=(fewest, *others))


def _better(trial: Trial, best: Trial, on: Course) -> Trial:
    return trial if better(trial.chosen_by, best.chosen_by, on.goal.attainment, WORTH) else best
