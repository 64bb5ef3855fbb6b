"""What a person has one replica do: begin anew with another engine, or stand aside without one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from orchestrator.core.deployment import DRAIN_S

MOST_DRAIN_S = 3600.0
BY_HAND = "by hand: "
FINISHES = BY_HAND + "finishes what it answers"
STARTS = BY_HAND + "its new engine starts"
OLD_FINISHES = BY_HAND + "the engine before finishes what it answers"
STANDS_ASIDE = BY_HAND + "drained, until it is restarted"


class Verb(StrEnum):
    """What can be asked of a replica."""

    RESTART = "restart"  # another engine in the place of its own
    DRAIN = "drain"  # no engine, until it is restarted


class Task(StrEnum):
    """What a replica is at because it was asked."""

    NONE = ""
    DRAINING = "draining"
    DRAINED = "drained"
    RESTARTING = "restarting"


@dataclass(frozen=True)
class ReplicaOrder:
    """What is asked of one replica, whose engine has `drain_s` to finish what it answers."""

    replica_id: str
    verb: Verb
    new_first: bool = False  # the new engine is ready before the old one goes
    drain_s: float = DRAIN_S

    def to_data(self) -> dict[str, Any]:
        return {**vars(self), "verb": self.verb.value}


def order_from_data(data: Mapping[str, Any]) -> ReplicaOrder:
    """Read what was sent as JSON; raises KeyError, TypeError or ValueError on what is no order."""
    drain_s = float(data["drain_s"])
    if not 0 <= drain_s <= MOST_DRAIN_S:
        raise ValueError(f"drain_s is from 0 to {MOST_DRAIN_S:g}")
    return ReplicaOrder(str(data["replica_id"]), Verb(data["verb"]), data["new_first"] is True, drain_s)


def refusal(order: ReplicaOrder, task: Task) -> str:
    """Why a replica that is at this task does not do as it is told; empty where it does."""
    if task is Task.NONE or (task is Task.DRAINED and order.verb is Verb.RESTART):
        return ""
    at = "drained" if task is Task.DRAINED else f"{task.value} by hand"
    return f"the replica {order.replica_id} is {at} already"
