"""Conditions keep the time of their status; a RayService's own words become ours."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.core.qwen_fleet.conditions import Said, Type, condition_list, since_s, timestamp
from orchestrator.core.qwen_fleet.service_health import health


def test_a_condition_keeps_its_time_while_its_status_stays_whatever_its_words():
    (first,) = condition_list([Said(Type.READY, False, "A", "a")], {}, 1, 1000.0)
    (second,) = condition_list([Said(Type.READY, False, "B", "b")], {"conditions": [first]}, 2, 2000.0)
    (third,) = condition_list([Said(Type.READY, None, "B", "b")], {"conditions": [second]}, 2, 3000.0)
    assert first["lastTransitionTime"] == second["lastTransitionTime"] == timestamp(1000)
    assert (second["message"], second["observedGeneration"]) == ("b", 2)
    assert (third["status"], third["lastTransitionTime"]) == ("Unknown", timestamp(3000))


def test_since_when_it_is_false_is_told_only_while_it_is():
    (wrong,) = condition_list([Said(Type.PLAN_CURRENT, False, "A", "a")], {}, 1, 1000.0)
    (right,) = condition_list([Said(Type.PLAN_CURRENT, True, "A", "a")], {}, 1, 1000.0)
    assert since_s({"conditions": [wrong]}, Type.PLAN_CURRENT) == 1000.0
    assert since_s({"conditions": [right]}, Type.PLAN_CURRENT) is None
    assert since_s({}, Type.PLAN_CURRENT) is None


def service(ready: str, reason: str, upgrading: str = "False", observed: int = 2) -> dict[str, Any]:
    conditions = [
        {"type": "Ready", "status": ready, "reason": reason, "message": reason},
        {"type": "UpgradeInProgress", "status": upgrading, "message": "two clusters"},
    ]
    status = {"observedGeneration": observed, "conditions": conditions, "numServeEndpoints": 3}
    return {"metadata": {"generation": 2}, "status": status}


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (None, (False, True, "NotCreated")),
        ({"metadata": {"generation": 1}}, (False, True, "NotObserved")),
        (service("True", "NonZeroServeEndpoints"), (True, False, "NonZeroServeEndpoints")),
        (service("True", "NonZeroServeEndpoints", observed=1), (True, True, "NotObserved")),
        (service("True", "NonZeroServeEndpoints", "True"), (True, True, "UpgradeInProgress")),
        (service("False", "Initializing"), (False, True, "Initializing")),
        (service("False", "ValidationFailed", observed=1), (False, False, "ValidationFailed")),
        (service("False", "ZeroServeEndpoints"), (False, False, "ZeroServeEndpoints")),
    ],
)
def test_what_kuberay_says_of_a_service(seen: dict[str, Any] | None, expected: tuple[bool, bool, str]):
    found = health(seen)
    assert (found.ready, found.progressing, found.reason) == expected
