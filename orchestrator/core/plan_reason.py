"""Why a plan is as it is, in a sentence."""

from __future__ import annotations

from orchestrator.core.amounts import counted
from orchestrator.core.plan import Candidate, Placement
from orchestrator.core.profile import ModelStatus
from orchestrator.core.wish import Wish


def reason(best: Candidate, placements: tuple[Placement, ...], wish: Wish) -> str:
    """What was chosen and why, or why nothing was; `best` has the highest score, and may not be what is placed."""
    name = best.profile.name
    if best.score == 0:
        return f"nothing that was asked for can run here; {name} comes closest: {best.refusal}"
    if not placements:
        return f"{wish.num_replicas} replicas were asked for, and there is room for fewer of {best.profile.model.name}"
    if wish.profile == name:
        return f"{name} was asked for, and fits"
    if best.profile.model.status is ModelStatus.STAND_IN:
        return "no model's weights can be had here, so a stand-in serves"
    if best.profile not in (placement.fit.profile for placement in placements):
        return _room_for_others(best, placements)
    return f"{name} has the highest score of those that can run, {best.score:.2f}"


def _room_for_others(best: Candidate, placements: tuple[Placement, ...]) -> str:
    """Its splits were given up, as they are too large for so many replicas."""
    others = " and ".join(dict.fromkeys(placement.fit.profile.name for placement in placements))
    found = counted(sum(placement.num_replicas for placement in placements), "replica")
    score = f"which has the highest score, {best.score:.2f}"
    return f"{found} can run as {others}; there is no room for as many of {best.profile.name}, {score}"
