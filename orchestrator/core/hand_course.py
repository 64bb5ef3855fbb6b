"""How far a replica is with what it was asked, from what is seen of it before and now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from orchestrator.core.by_hand import Task
from orchestrator.core.fleet import EngineView, Fleet


class Stage(StrEnum):
    GOING_ON = "going on"
    DONE = "done"
    FAILED = "failed"
    GONE = "gone"  # the replica itself has ended


@dataclass(frozen=True)
class HandCourse:
    """Where it stands, and what there is to say of it."""

    stage: Stage
    told: str = ""


def hand_course(before: EngineView, replica_id: str, fleet: Fleet | None) -> HandCourse:
    """Of the order that it took after it was seen `before`; gateways tell of that somewhat later."""
    if fleet is None or not fleet.replicas:  # Ray does not answer
        return HandCourse(Stage.GOING_ON)
    now = next((each for each in fleet.engines if each.replica_id == replica_id), None)
    if now is None or now.state == "STOPPING":
        return HandCourse(Stage.GONE)
    return HandCourse(Stage.GOING_ON) if now.engine is None else _engine_course(before, now.engine)


def _engine_course(before: EngineView, now: EngineView) -> HandCourse:
    if now.orders_by_hand <= before.orders_by_hand:
        return HandCourse(Stage.GOING_ON)
    if now.restarts_by_hand > before.restarts_by_hand or now.task == Task.DRAINED:
        return HandCourse(Stage.DONE, now.trouble_by_hand)
    if now.task == Task.NONE:
        return HandCourse(Stage.FAILED, now.trouble_by_hand)
    return HandCourse(Stage.GOING_ON, now.reason)
