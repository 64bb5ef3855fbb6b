"""Which profile: filter, score, pick; every candidate keeps its reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from orchestrator.core.device import Device
from orchestrator.core.fit import fits_in_group
from orchestrator.core.gpu_sets import device_count
from orchestrator.core.inventory import Inventory, Site
from orchestrator.core.objective import FILLS
from orchestrator.core.pack import Budget, pack
from orchestrator.core.plan import (
    Availability,
    Candidate,
    Engines,
    Fit,
    FitPlan,
    Misfit,
    Option,
    Placement,
    PlanFailure,
)
from orchestrator.core.plan_notices import notices
from orchestrator.core.plan_reason import reason
from orchestrator.core.prediction import Prediction
from orchestrator.core.profile import EngineName, ModelStatus, Profile
from orchestrator.core.request import AUTO, requested
from orchestrator.core.score import score_steps
from orchestrator.core.wish import Wish

Predict = Callable[[Fit, Inventory], Prediction | None]

NOT_LOOKED_FOR = Availability(obtainable=False, on_disk=False, reason="not looked for")


@dataclass(frozen=True)
class Situation:
    """What a profile is judged against."""

    site: Site
    wish: Wish
    availability: Mapping[str, Availability]  # of each profile's weights, by the profile's name
    engines: Engines
    predict: Predict


def choose(
    profiles: tuple[Profile, ...],
    site: Site,
    wish: Wish,
    availability: Mapping[str, Availability],
    engines: Engines,
    predict: Predict,
) -> FitPlan:
    """The best profile that was asked for, fits, and can be had; raises UsageError for an unknown name."""
    situation = Situation(site, wish, availability, engines, predict)
    candidates = ranked(tuple(judge(profile, situation) for profile in requested(profiles, wish)))
    if not _any_runs(candidates):
        candidates = ranked(tuple(_with_ollama(candidate, situation) for candidate in candidates))
    if _stand_in_may_serve(candidates, situation):
        candidates = ranked(tuple(_with_stand_in(candidate, situation) for candidate in candidates))
    best = closest(candidates)
    placements = place(best, candidates, situation) if best.score > 0 else ()
    plan = FitPlan(wish, site, candidates, placements, reason(best, placements, wish))
    if not placements:
        plan = replace(plan, failure=failure(candidates), nearest=_nearest(profiles, candidates, situation))
    return replace(plan, notices=notices(plan))


def judge(profile: Profile, situation: Situation) -> Candidate:
    """One profile: every way in which it fits, and what that is worth."""
    verdicts = [fits_in_group(profile, group, situation.wish) for group in situation.site.hosts]
    options = [
        _option(fit, group, situation)
        for group, verdict in enumerate(verdicts)
        if not isinstance(verdict, Misfit)
        for fit in verdict
    ]
    if options:
        return Candidate(profile, tuple(sorted(options, key=_option_rank)))
    misfits = [verdict for verdict in verdicts if isinstance(verdict, Misfit)]
    return Candidate(profile, misfit=min(misfits, key=missing_bytes))


def place(best: Candidate, candidates: tuple[Candidate, ...], situation: Situation) -> tuple[Placement, ...]:
    """The best candidate's replicas, and where these are not enough those of its model's other variants.

    Nothing where fewer replicas have room than were asked for: larger splits are given up one after the other first.
    """
    wish = situation.wish
    wanted = wish.num_replicas or (None if wish.objective in FILLS else 1)
    options = _options_of_model(best, candidates, situation)
    for size in sorted({option.fit.tensor_parallel_size for option in options}, reverse=True):
        smaller = [option for option in options if option.fit.tensor_parallel_size <= size]
        placements = pack(smaller, situation.site, Budget(wanted, wish.max_gpus))
        if sum(placement.num_replicas for placement in placements) >= (wanted or 1):
            return placements
    return ()


def ranked(candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """The best first, then those that fit but were refused, then those that miss least; equals by name."""
    return tuple(sorted(candidates, key=_rank))


def failure(candidates: tuple[Candidate, ...]) -> PlanFailure:
    """Why none of `candidates` can run: the last hurdle that one of them came to."""
    refused_by = [_refusing_steps(candidate) for candidate in candidates if candidate.options]
    if {"weights"} in refused_by:
        return PlanFailure.WEIGHTS_MISSING
    if any(names and names <= {"engine", "weights"} for names in refused_by):
        return PlanFailure.ENGINE_MISSING
    return PlanFailure.DOES_NOT_FIT


def missing_bytes(misfit: Misfit) -> float:
    """How far a profile misses; infinitely where memory is not what is missing."""
    return -misfit.memory.headroom_bytes if misfit.memory else float("inf")


def closest(candidates: tuple[Candidate, ...]) -> Candidate:
    """The best ranked of those that may be chosen at all, whether it can run or not."""
    eligible = (one for one in candidates if "eligible" not in _refusing_steps(one))
    return next(eligible, candidates[0])


def _option(fit: Fit, group: int, situation: Situation) -> Option:
    weights = situation.availability.get(fit.profile.name, NOT_LOOKED_FOR)
    engine = situation.engines.get((fit.profile.engine, fit.device), NOT_LOOKED_FOR)
    hosts = situation.site.hosts[group]
    predicted = replace(fit, prediction=situation.predict(fit, hosts.inventory))
    return Option(predicted, group, score_steps(predicted, hosts, situation.wish, weights, engine))


def _option_rank(option: Option) -> tuple[float, float, int]:
    """Equals in the order in which they were found: fewest GPUs, then the most headroom."""
    return -option.score, -option.potential, option.fit.tensor_parallel_size


def _rank(candidate: Candidate) -> tuple[float, float, bool, str]:
    """Refused fits by the product of the steps that did not refuse them, misfits by the bytes that are missing."""
    unpublished = candidate.profile.model.status is not ModelStatus.PUBLISHED
    if candidate.misfit is not None:
        return 0.0, 1.0 + missing_bytes(candidate.misfit), unpublished, candidate.profile.name
    return -candidate.score, -candidate.potential, unpublished, candidate.profile.name


def _options_of_model(best: Candidate, candidates: tuple[Candidate, ...], situation: Situation) -> list[Option]:
    """All that can run of the best candidate's model, its own options first; a CPU never beside its host's GPUs."""
    of_model = [one for one in candidates if one is not best and one.profile.model == best.profile.model]
    on_gpu = best.options[0].fit.device is Device.GPU
    return [
        option
        for candidate in (best, *of_model)
        for option in candidate.options
        if option.score > 0 and not (on_gpu and _leaves_gpus_idle(option, situation))
    ]


def _leaves_gpus_idle(option: Option, situation: Situation) -> bool:
    return option.fit.device is Device.CPU and device_count(situation.site.hosts[option.group].inventory) > 0


def _refusing_steps(candidate: Candidate) -> frozenset[str]:
    return candidate.options[0].refused_by if candidate.options else frozenset()


def _stand_in_may_serve(candidates: tuple[Candidate, ...], situation: Situation) -> bool:
    """On hosts without a GPU, where the user left the choice open and no weights can be had."""
    left_open = situation.wish.profile == AUTO and situation.wish.model is None
    no_gpu = not any(group.inventory.gpus for group in situation.site.hosts)
    return left_open and no_gpu and not _any_runs(candidates) and failure(candidates) is PlanFailure.WEIGHTS_MISSING


def _any_runs(candidates: tuple[Candidate, ...]) -> bool:
    return any(candidate.score > 0 for candidate in candidates)


def _with_ollama(candidate: Candidate, situation: Situation) -> Candidate:
    """A tag that Ollama has, judged as if Ollama had been asked for; any other candidate as it is."""
    if candidate.profile.engine is not EngineName.OLLAMA or situation.wish.engine is not None:
        return candidate
    asked = judge(candidate.profile, replace(situation, wish=replace(situation.wish, engine=EngineName.OLLAMA)))
    return asked if asked.score > 0 else candidate


def _with_stand_in(candidate: Candidate, situation: Situation) -> Candidate:
    """A stand-in judged as if it had been named; any other candidate as it is."""
    if candidate.profile.model.status is not ModelStatus.STAND_IN:
        return candidate
    wish = replace(situation.wish, profile=candidate.profile.name)
    return judge(candidate.profile, replace(situation, wish=wish))


def _nearest(profiles: tuple[Profile, ...], candidates: tuple[Candidate, ...], situation: Situation) -> str:
    """Another profile that would run here, or the one that was asked for and misses least."""
    anything = replace(situation, wish=Wish(loras=situation.wish.loras))
    others = ranked(tuple(judge(profile, anything) for profile in profiles))
    return (others[0] if others[0].score > 0 else closest(candidates)).profile.name
