"""Replicas that ended without being told to: how many of each variant, and why the last did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orchestrator.core.fleet import Fleet, Replica

STOPPING = "STOPPING"
NO_WORD = "ended without a word"
ASKED = "asked"


@dataclass(frozen=True, slots=True)
class Restarts:
    """Of one variant, since it is watched."""

    total: int = 0
    last_reason: str = ""


def restarts(before: Fleet, now: Fleet, so_far: Mapping[str, Restarts]) -> dict[str, Restarts]:
    """Those of the deployments that there are now.

    Ray Serve stops replicas only to come down to its target, to replace one that is broken, or to change it; so of
    those that left, as many as there were too many were told to, and the others will have a successor.
    """
    return {name: _of(name, before, now, so_far.get(name, Restarts())) for name in now.targets}


def _of(name: str, before: Fleet, now: Fleet, so_far: Restarts) -> Restarts:
    alive = _alive(before.replicas, name)
    left = [alive[replica_id] for replica_id in alive.keys() - _alive(now.replicas, name).keys()]
    told = max(0, len(alive) - now.targets[name])
    ended = max(0, len(left) - told)
    return Restarts(so_far.total + ended, _reason(left)) if ended else so_far


def of_replica(variant: Restarts, by_hand: int) -> Restarts:
    """Its own by hand, which it counts itself, and what was before it in its variant, which nobody can tell apart."""
    return Restarts(variant.total + by_hand, variant.last_reason or ASKED) if by_hand else variant


def _alive(replicas: Iterable[Replica], name: str) -> dict[str, Replica]:
    return {each.replica_id: each for each in replicas if each.deployment == name and each.state != STOPPING}


def _reason(left: Iterable[Replica]) -> str:
    """What the first said that was known to be broken."""
    ordered = sorted(left, key=lambda each: each.replica_id)
    said = (each.engine.reason for each in ordered if each.engine is not None and not each.engine.ready)
    return next(said, NO_WORD)
