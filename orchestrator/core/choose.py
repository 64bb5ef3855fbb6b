"""Which profile: filter, score, pick; every candidate keeps its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from orchestrator.core.fit import fit
from orchestrator.core.inventory import Inventory
from orchestrator.core.plan import Availability, Candidate, Fit, FitPlan, Misfit, PlanFailure, Wish
from orchestrator.core.plan_notices import notices
from orchestrator.core.profile import EngineName, ModelStatus, Profile
from orchestrator.core.request import AUTO, requested
from orchestrator.core.score import score_steps

NOT_LOOKED_FOR = Availability(obtainable=False, on_disk=False, reason="not looked for")


@dataclass(frozen=True)
class Situation:
    """What a profile is judged against."""

    inventory: Inventory
    wish: Wish
    availability: Mapping[str, Availability]  # of each profile's weights, by the profile's name
    engines: Mapping[EngineName, Availability]


def choose(
    profiles: tuple[Profile, ...],
    inventory: Inventory,
    wish: Wish,
    availability: Mapping[str, Availability],
    engines: Mapping[EngineName, Availability],
) -> FitPlan:
    """The best profile that was asked for, fits, and can be had; raises UsageError for an unknown name."""
    situation = Situation(inventory, wish, availability, engines)
    candidates = ranked(tuple(judge(profile, situation) for profile in requested(profiles, wish)))
    if _stand_in_may_serve(candidates, situation):
        candidates = ranked(tuple(_with_stand_in(candidate, situation) for candidate in candidates))
    best = closest(candidates)
    plan = FitPlan(
        wish=wish,
        inventory=inventory,
        candidates=candidates,
        chosen=best.verdict if isinstance(best.verdict, Fit) and best.score > 0 else None,
        reason=_reason(best, wish),
        num_replicas=wish.num_replicas or 1,
    )
    if plan.chosen is None:
        plan = replace(plan, failure=failure(candidates), nearest=_nearest(profiles, candidates, situation))
    return replace(plan, notices=notices(plan))


def judge(profile: Profile, situation: Situation) -> Candidate:
    """One profile: whether it fits, and what that is worth."""
    verdict = fit(profile, situation.inventory, situation.wish)
    if isinstance(verdict, Misfit):
        return Candidate(verdict)
    weights = situation.availability.get(profile.name, NOT_LOOKED_FOR)
    engine = situation.engines.get(profile.engine, NOT_LOOKED_FOR)
    return Candidate(verdict, score_steps(verdict, situation.inventory, situation.wish, weights, engine))


def ranked(candidates: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """The best first, then those that fit but were refused, then those that miss least; equals by name."""
    return tuple(sorted(candidates, key=_rank))


def failure(candidates: tuple[Candidate, ...]) -> PlanFailure:
    """Why none of `candidates` can run: the last hurdle that one of them came to."""
    refused_by = [_refusing_steps(candidate) for candidate in candidates if isinstance(candidate.verdict, Fit)]
    if {"weights"} in refused_by:
        return PlanFailure.WEIGHTS_MISSING
    if any(names and names <= {"engine", "weights"} for names in refused_by):
        return PlanFailure.ENGINE_MISSING
    return PlanFailure.DOES_NOT_FIT


def _rank(candidate: Candidate) -> tuple[float, float, str]:
    """Refused fits by the product of the steps that did not refuse them, misfits by the bytes that are missing."""
    if isinstance(candidate.verdict, Misfit):
        return 0.0, 1.0 + missing_bytes(candidate.verdict), candidate.profile.name
    return -candidate.score, -candidate.potential, candidate.profile.name


def missing_bytes(misfit: Misfit) -> float:
    """How far a profile misses; infinitely where memory is not what is missing."""
    return -misfit.memory.headroom_bytes if misfit.memory else float("inf")


def _refusing_steps(candidate: Candidate) -> set[str]:
    return {step.name for step in candidate.steps if step.value == 0}


def _stand_in_may_serve(candidates: tuple[Candidate, ...], situation: Situation) -> bool:
    """On a host without a GPU, where the user left the choice open and no weights can be had."""
    left_open = situation.wish.profile == AUTO and situation.wish.model is None
    none_runs = not any(candidate.score > 0 for candidate in candidates)
    no_gpu = not situation.inventory.gpus
    return left_open and no_gpu and none_runs and failure(candidates) is PlanFailure.WEIGHTS_MISSING


def _with_stand_in(candidate: Candidate, situation: Situation) -> Candidate:
    """A stand-in judged as if it had been named; any other candidate as it is."""
    if candidate.profile.model.status is not ModelStatus.STAND_IN:
        return candidate
    wish = replace(situation.wish, profile=candidate.profile.name)
    return judge(candidate.profile, replace(situation, wish=wish))


def _reason(best: Candidate, wish: Wish) -> str:
    name = best.profile.name
    if best.score == 0:
        return f"nothing that was asked for can run here; {name} comes closest: {best.refusal}"
    if wish.profile == name:
        return f"{name} was asked for, and fits"
    if best.profile.model.status is ModelStatus.STAND_IN:
        return "no model's weights can be had here, so a stand-in serves"
    return f"{name} has the highest score of those that can run, {best.score:.2f}"


def closest(candidates: tuple[Candidate, ...]) -> Candidate:
    """The best ranked of those that may be chosen at all, whether it can run or not."""
    eligible = (one for one in candidates if "eligible" not in _refusing_steps(one))
    return next(eligible, candidates[0])


def _nearest(profiles: tuple[Profile, ...], candidates: tuple[Candidate, ...], situation: Situation) -> str:
    """Another profile that would run here, or the one that was asked for and misses least."""
    anything = replace(situation, wish=Wish())
    others = ranked(tuple(judge(profile, anything) for profile in profiles))
    return (others[0] if others[0].score > 0 else closest(candidates)).profile.name
