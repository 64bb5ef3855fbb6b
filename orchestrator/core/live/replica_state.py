"""How a replica is, in a word: what Serve says of it and whether its engine answers."""

from __future__ import annotations

from enum import StrEnum

from orchestrator.core.deployment import GATEWAY
from orchestrator.core.live.snapshot import ReplicaRow


class ReplicaState(StrEnum):
    """Those that somebody should look at first."""

    FAILED = "failed"
    UNKNOWN = "unknown"
    STARTING = "starting"
    DRAINING = "draining"
    DRAINED = "drained"  # by hand, until it is restarted
    READY = "ready"


def state_of(row: ReplicaRow) -> ReplicaState:
    if row.state == "RUNNING":
        if row.ready:
            return ReplicaState.READY
        return (
            ReplicaState.UNKNOWN
            if row.num_requests_running is None and row.deployment != GATEWAY
            else ReplicaState.FAILED
        )
    return SAID.get(row.state, ReplicaState.UNKNOWN)


def urgency(row: ReplicaRow) -> int:
    """To sort by: what somebody should look at first is least."""
    return URGENCY[state_of(row)]


def is_faulty(row: ReplicaRow) -> bool:
    """Whether somebody should look: it is not ready and not on its way, or its clocks are held down."""
    return state_of(row) in (ReplicaState.FAILED, ReplicaState.UNKNOWN) or bool(row.throttled)


URGENCY = {state: place for place, state in enumerate(ReplicaState)}
SAID = {
    "STARTING": ReplicaState.STARTING,
    "UPDATING": ReplicaState.STARTING,
    "RECOVERING": ReplicaState.STARTING,
    "PENDING_MIGRATION": ReplicaState.STARTING,
    "STOPPING": ReplicaState.DRAINING,
    "DRAINED": ReplicaState.DRAINED,
}
