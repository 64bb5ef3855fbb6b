"""One fleet among several: how it is in a word, why, and its figures."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from orchestrator.core.errors import QorchError
from orchestrator.core.fleet import FleetPhase
from orchestrator.core.live.change_words import change_words
from orchestrator.core.live.goals import missed
from orchestrator.core.live.snapshot import Snapshot, Summary

NOT_SEEN = "not seen yet"


class FleetState(StrEnum):
    """Those that somebody should look at first."""

    FAILED = "failed"  # nothing answers
    UNKNOWN = "unknown"  # nobody tells
    DEGRADED = "degraded"  # it answers, but not with every replica that was asked for
    BEHIND = "behind"  # it answers, and misses a goal
    STARTING = "starting"
    IDLE = "idle"
    READY = "ready"


OF_PHASE = {
    FleetPhase.FAILED: FleetState.FAILED,
    FleetPhase.UNAVAILABLE: FleetState.FAILED,
    FleetPhase.DEGRADED: FleetState.DEGRADED,
    FleetPhase.STARTING: FleetState.STARTING,
    FleetPhase.IDLE: FleetState.IDLE,
    FleetPhase.READY: FleetState.READY,
}
URGENCY = {state: place for place, state in enumerate(FleetState)}
WELL = (FleetState.STARTING, FleetState.IDLE, FleetState.READY)


@dataclass(frozen=True, slots=True)
class FleetRow:
    """`where` is this host, or a context and a namespace; None where nobody tells."""

    fleet: str
    where: str
    state: FleetState = FleetState.UNKNOWN
    reason: str = NOT_SEEN
    at_s: float | None = None  # Unix time of the look
    model: str = ""
    profile: str = ""
    summary: Summary = field(default_factory=Summary)
    gpus: tuple[str, ...] = ()  # UUIDs of those that its sources tell of, its own and others
    heard_at_s: float | None = None  # when the source that was heard longest ago was
    silent: str = ""  # the sources that do not answer, and what they say
    decided_at_s: float | None = None  # Unix time of the last decision on the number of replicas
    decided: str = ""  # what it changed
    goal: str = ""


def fleet_row(where: str, snapshot: Snapshot) -> FleetRow:
    """A fleet as it was seen."""
    state, last = _state(snapshot), snapshot.decisions[-1] if snapshot.decisions else None
    silent = "; ".join(f"{source.name}: {source.error}" for source in snapshot.sources if source.error)
    return FleetRow(
        fleet=snapshot.fleet,
        where=where,
        state=state,
        reason=_reason(state, snapshot) or silent,
        at_s=snapshot.at_s,
        model=snapshot.model,
        profile=snapshot.profile,
        summary=snapshot.summary,
        gpus=tuple(gpu.uuid for gpu in snapshot.gpus),
        heard_at_s=min((source.at_s for source in snapshot.sources if source.at_s is not None), default=None),
        silent=silent,
        decided_at_s=last.at_s if last else None,
        decided=change_words(last) if last else "",
        goal=snapshot.goal,
    )


def in_trouble(row: FleetRow, trouble: QorchError) -> FleetRow:
    """Of a fleet that could not be looked at: what was seen last stands."""
    reason = f"{trouble.message}; {trouble.hint}" if trouble.hint else trouble.message
    return replace(row, state=FleetState.UNKNOWN, reason=reason)


def late(row: FleetRow, now_s: float, patience_s: float) -> FleetRow:
    """Of a look that has not come back for so long, that it is not known how the fleet is."""
    if row.at_s is None or now_s - row.at_s <= patience_s:
        return row
    return replace(row, state=FleetState.UNKNOWN, reason=f"no source has answered for {now_s - row.at_s:.0f} s")


def urgency(row: FleetRow) -> int:
    """To sort by: what somebody should look at first is least."""
    return URGENCY[row.state]


def is_faulty(row: FleetRow) -> bool:
    """Whether somebody should look: it is not well, a replica has failed, or a source is silent."""
    return row.state not in WELL or bool(row.silent) or row.summary.failed_replicas > 0


def _state(snapshot: Snapshot) -> FleetState:
    if not snapshot.phase:
        return FleetState.UNKNOWN
    state = OF_PHASE[FleetPhase(snapshot.phase)] if snapshot.phase in PHASES else FleetState.UNKNOWN
    return FleetState.BEHIND if state is FleetState.READY and any(missed(snapshot.summary)) else state


def _reason(state: FleetState, snapshot: Snapshot) -> str:
    """Empty where nothing is amiss."""
    if state is FleetState.BEHIND:
        return "; ".join(missed(snapshot.summary))
    untrue = (each.message for each in snapshot.conditions if not each.status)
    return "" if state in (FleetState.READY, FleetState.IDLE) else next(untrue, "")


PHASES = {phase.value for phase in FleetPhase}
