"""How far a replica is with what it was asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.core.fleet import EngineView, Fleet
from orchestrator.core.hand_course import HandCourse, Stage, hand_course
from tests.core.live.made import fleet, replica, view

BEFORE = view(orders_by_hand=1, restarts_by_hand=1, trouble_by_hand="of the last time")
TOLD = replace(BEFORE, orders_by_hand=2, trouble_by_hand="")


def seen(engine: EngineView | None, state: str = "RUNNING") -> Fleet:
    return fleet(replica("a", engine, state), replica("b", view()))


@pytest.mark.parametrize(
    ("now", "course"),
    [
        (None, HandCourse(Stage.GOING_ON)),
        (replace(fleet(), replicas=()), HandCourse(Stage.GOING_ON)),
        (seen(None), HandCourse(Stage.GOING_ON)),
        (seen(BEFORE), HandCourse(Stage.GOING_ON)),
        (seen(replace(TOLD, task="draining", reason="finishes")), HandCourse(Stage.GOING_ON, "finishes")),
        (seen(replace(TOLD, task="restarting", reason="starts")), HandCourse(Stage.GOING_ON, "starts")),
        (seen(replace(TOLD, restarts_by_hand=2)), HandCourse(Stage.DONE)),
        (seen(replace(TOLD, restarts_by_hand=2, trouble_by_hand="cut")), HandCourse(Stage.DONE, "cut")),
        (seen(replace(TOLD, task="drained")), HandCourse(Stage.DONE)),
        (seen(replace(TOLD, trouble_by_hand="no memory")), HandCourse(Stage.FAILED, "no memory")),
        (seen(TOLD, "STOPPING"), HandCourse(Stage.GONE)),
        (fleet(replica("b", view())), HandCourse(Stage.GONE)),
    ],
)
def test_it_is_told_by_what_is_seen_after_the_order_was_taken(now: Fleet | None, course: HandCourse) -> None:
    assert hand_course(BEFORE, "a", now) == course
