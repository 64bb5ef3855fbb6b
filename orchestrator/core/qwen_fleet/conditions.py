"""Conditions as Kubernetes has them: when one changed is the time of its status, not of its words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from orchestrator.core.qwen_fleet.kind import Object


class Type(StrEnum):
    """What is so or not."""

    PLANNED = "Planned"  # the cluster can run what is asked for
    GPUS_PLANNED_ON = "GpusPlannedOn"  # all that nodes offer; others are no trouble of the fleet's
    PLAN_CURRENT = "PlanCurrent"  # it still has what the plan was made for
    SECRET_READY = "SecretReady"
    APPLIED = "Applied"
    PROGRESSING = "Progressing"
    READY = "Ready"


@dataclass(frozen=True)
class Said:
    """One condition; `holds` None: not known."""

    type: Type
    holds: bool | None
    reason: str
    message: str


def condition_list(said: Iterable[Said], before: Object, generation: int, now_s: float) -> list[dict[str, Any]]:
    """As the status has them, with those times of the status `before` that are still true."""
    known = {each["type"]: each for each in before.get("conditions") or ()}
    return [_condition(each, known.get(each.type.value, {}), generation, now_s) for each in said]


def since_s(before: Object, type_: Type) -> float | None:
    """Since when a condition of a status is False, in Unix time; None where it is not."""
    found = next((each for each in before.get("conditions") or () if each.get("type") == type_), None)
    if found is None or found.get("status") != "False":
        return None
    return datetime.fromisoformat(found["lastTransitionTime"]).timestamp()


def timestamp(at_s: float) -> str:
    """Whole seconds, as Kubernetes writes them."""
    return datetime.fromtimestamp(int(at_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _condition(said: Said, known: Object, generation: int, now_s: float) -> dict[str, Any]:
    status = {True: "True", False: "False", None: "Unknown"}[said.holds]
    since = known["lastTransitionTime"] if known.get("status") == status else timestamp(now_s)
    told = {"type": said.type.value, "status": status, "reason": said.reason, "message": said.message}
    return {**told, "lastTransitionTime": since, "observedGeneration": generation}
